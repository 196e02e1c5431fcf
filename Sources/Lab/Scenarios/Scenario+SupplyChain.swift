// SPDX-License-Identifier: Apache-2.0

internal import FlowModel

extension Scenario {
    private static let recommender = FlowExpectation.End("storefront", "recommender-6d4f9c8b7-*")
    private static let frontend = FlowExpectation.End("storefront", "frontend-7d9c5b6f4-*")

    /// A dependency turns bad; a staged quarantine, then an enforced one.
    static let supplyChain = Scenario(
        name: "supply-chain", title: "A dependency turns bad",
        steps: [
            ScenarioStep(
                title: "A harmless update",
                narrative: """
                    The recommender gets a new release. One of its dependencies has been taken over: besides
                    its work it now reports to 203.0.113.66, an address that nobody knows, and tries the ports of
                    its neighbours one after another.
                    """,
                changes: [.write(source: "recommender-compromised.yaml", file: "22-recommender.yaml")],
                look:
                    "storefront/recommender calls the public network, port 443 (allowed), and tries data/db-0 (denied)",
                expectations: [
                    FlowExpectation(
                        from: recommender, to: .publicNetwork, port: 443, reporter: .source, .allow),
                    FlowExpectation(
                        from: recommender, to: database, port: 5432, reporter: .destination, .deny),
                    FlowExpectation(
                        from: recommender, to: catalog, port: 8080, reporter: .source, .allow),
                ]),
            ScenarioStep(
                title: "A quarantine, staged",
                narrative: """
                    Before the recommender is cut off, the security team stages the quarantine: name service,
                    metrics and the catalogue stay, everything else is denied. Does the shop survive it?
                    """,
                changes: [.write(source: "quarantine-staged.yaml", file: "70-quarantine.yaml")],
                look: "would deny: the calls to the public network and the scan; no change for shop/catalog",
                expectations: [
                    FlowExpectation(
                        from: recommender, to: .publicNetwork, port: 443, reporter: .source, .allow,
                        pending: .deny, pendingPolicy: "quarantine-recommender"),
                    FlowExpectation(
                        from: recommender, to: catalog, port: 8080, reporter: .source, .allow,
                        pending: .allow,
                        pendingPolicy: "quarantine-recommender"),
                    FlowExpectation(
                        from: frontend, to: recommender, port: 8080, reporter: .destination, .allow,
                        pending: .allow),
                ]),
            ScenarioStep(
                title: "The quarantine, enforced",
                narrative: """
                    The shop would survive, so the quarantine is enforced. The attack is denied where it
                    starts; recommendations go on until a clean release is there.
                    """,
                changes: [.write(source: "quarantine-enforced.yaml", file: "70-quarantine.yaml")],
                look:
                    "calls to the public network and the scan denied by quarantine-recommender; business flows allowed",
                expectations: [
                    FlowExpectation(
                        from: recommender, to: .publicNetwork, port: 443, reporter: .source, .deny,
                        policy: "quarantine-recommender"),
                    FlowExpectation(
                        from: recommender, to: catalog, port: 8080, reporter: .source, .allow,
                        policy: "quarantine-recommender"),
                    FlowExpectation(
                        from: frontend, to: recommender, port: 8080, reporter: .destination, .allow),
                    FlowExpectation(
                        from: recommender, to: .publicNetwork, port: 443, reporter: .source, .allow,
                        isPresent: false),
                ]),
        ])
}
