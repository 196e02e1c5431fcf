// SPDX-License-Identifier: Apache-2.0

internal import FlowModel

extension Scenario {
    /// The same kind of change, staged first: nothing breaks.
    static let staged = Scenario(
        name: "staged", title: "The same change, staged first",
        steps: [
            ScenarioStep(
                title: "The change as a staged policy",
                narrative: """
                    The data team stages data/db-access before enforcing it, with the same wrong label
                    (access/database in place of access/db). A staged policy decides nothing; it only shows
                    what it would do.
                    """,
                changes: [.write(source: "db-access-staged-wrong-label.yaml", file: "60-db-access.yaml")],
                look: "flows to data/db-0 stay allowed, marked: would deny; open one to see db-access decide",
                expectations: [
                    FlowExpectation(
                        from: catalog, to: database, port: 5432, reporter: .destination, .allow,
                        pending: .deny,
                        policy: "db", pendingPolicy: "db-access"),
                    FlowExpectation(
                        from: catalog, to: database, port: 5432, reporter: .destination, .deny,
                        isPresent: false),
                ]),
            ScenarioStep(
                title: "The staged policy, corrected",
                narrative: """
                    The pending denials show the mistake before anybody is hurt. The label is corrected, still
                    staged.
                    """,
                changes: [.write(source: "db-access-staged-corrected.yaml", file: "60-db-access.yaml")],
                look: "the same flows are no longer marked; their right-hand ladder says allow by db-access",
                expectations: [
                    FlowExpectation(
                        from: catalog, to: database, port: 5432, reporter: .destination, .allow,
                        pending: .allow, pendingPolicy: "db-access"),
                    FlowExpectation(
                        from: orders, to: database, port: 5432, reporter: .destination, .allow,
                        pending: .allow, pendingPolicy: "db-access"),
                ]),
            ScenarioStep(
                title: "Enforced",
                narrative: """
                    Nothing that belongs would be denied any more, so the policy is enforced: its kind changes
                    from StagedNetworkPolicy to NetworkPolicy, and nothing else.
                    """,
                changes: [.write(source: "db-access-enforced.yaml", file: "60-db-access.yaml")],
                look: "flows to data/db-0 allowed by db-access; the shop has had no denial at any time",
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
