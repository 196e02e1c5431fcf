// SPDX-License-Identifier: Apache-2.0

internal import FlowModel

extension Scenario {
    // Ends that several scenarios speak of, by the names of the manifests.
    static let catalog = FlowExpectation.End("shop", "catalog-5c9f7d8b6d-*")
    static let orders = FlowExpectation.End("shop", "orders-84b6c5d97-*")
    static let database = FlowExpectation.End("data", "db-0")

    /// A new policy with a wrong label cuts the shop's database.
    static let misconfiguration = Scenario(
        name: "misconfiguration", title: "A wrong label cuts the database",
        steps: [
            ScenarioStep(
                title: "Business as usual",
                narrative: """
                    The shop runs. Its catalogue and its order service open connections to the database
                    data/db-0 all the time; the policy data/db lets in every pod with the label
                    access/db = true.
                    """,
                look: "allowed flows from shop/catalog and shop/orders to data/db-0, port 5432",
                expectations: [
                    FlowExpectation(
                        from: catalog, to: database, port: 5432, reporter: .destination, .allow, policy: "db")
                ]),
            ScenarioStep(
                title: "A stricter policy, with a mistake",
                narrative: """
                    The data team wants named clients only, and adds the policy data/db-access in front of the
                    others. It looks for the label access/database = true. No pod has that label: it is
                    called access/db.
                    """,
                changes: [.write(source: "db-access-wrong-label.yaml", file: "60-db-access.yaml")],
                look: "denied flows to data/db-0; open one: policy db-access, rule 1 (deny) decided",
                expectations: [
                    FlowExpectation(
                        from: catalog, to: database, port: 5432, reporter: .destination, .deny,
                        policy: "db-access"),
                    FlowExpectation(
                        from: orders, to: database, port: 5432, reporter: .destination, .deny,
                        policy: "db-access"),
                ]),
            ScenarioStep(
                title: "The corrected policy",
                narrative: """
                    The page has named policy and rule, so the mistake is found quickly: the label is
                    corrected to access/db. The file is saved; the kernel has the new rule within a second.
                    """,
                changes: [.write(source: "db-access-corrected.yaml", file: "60-db-access.yaml")],
                look:
                    "allowed flows to data/db-0 again, now by db-access, rule 0; no more denials",
                expectations: [
                    FlowExpectation(
                        from: catalog, to: database, port: 5432, reporter: .destination, .allow,
                        policy: "db-access"),
                    FlowExpectation(
                        from: orders, to: database, port: 5432, reporter: .destination, .allow,
                        policy: "db-access"),
                    FlowExpectation(
                        from: catalog, to: database, port: 5432, reporter: .destination, .deny,
                        isPresent: false),
                ]),
        ])
}
