// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import PolicyModel
import Testing

@Suite("Hints for filters")
struct HintTests {
    static let base = hit(.globalNetworkPolicy, "", "base", tier: "tier-z", .pass, rule: 1)
    static let next = hit(.stagedNetworkPolicy, "ns-b", "next", tier: "default", .deny, index: 1)
    static let allow = hit(.networkPolicy, "ns-b", "allow-web", tier: "default", .allow, index: 1)
    static let first = hit(.networkPolicy, "ns-b", "first", tier: "tier-a", .deny, rule: -1)
    static let profile = FlowHit(
        PolicyHit(place: .profileRule(name: "kns.ns-b", index: 0), tier: "", action: .allow, policyIndex: 0))

    private func store() -> FlowStore {
        var store = storeAtT0()
        store.insert([
            record(
                flowKey(
                    destination: "b-*", enforced: [Self.base, Self.allow], pending: [Self.base, Self.next]),
                at: -30),
            record(
                flowKey(destination: "a-*", action: .deny, enforced: [Self.first], pending: [Self.first]),
                at: -30),
            record(
                flowKey(destination: "b-*", port: 9, enforced: [Self.profile], pending: [Self.profile]),
                at: -30),
        ])
        return store
    }

    @Test(
        "are the distinct values, sorted; profiles are skipped and the end of a tier counts as its policy",
        arguments: [
            (type: .destinationName, values: ["a-*", "b-*"]), (type: .sourceName, values: ["client-*"]),
            (type: .destinationNamespace, values: ["ns-b"]), (type: .sourceNamespace, values: ["ns-a"]),
            (type: .policyTier, values: ["default", "tier-a", "tier-z"]),
            (type: .policyName, values: ["allow-web", "base", "first", "next"]),
            (
                type: .policyKind,
                values: ["CalicoNetworkPolicy", "GlobalNetworkPolicy", "StagedNetworkPolicy"]
            ),
            (type: .policyNamespace, values: ["", "ns-b"]),
        ] as [(type: FlowHintType, values: [String])])
    func values(type: FlowHintType, values: [String]) throws {
        #expect(try store().hints(FlowHintsQuery(type: type), now: time(0)).items == values)
    }

    @Test("the filter applies to the field asked for too")
    func sameField() throws {
        let filter = FlowExpression.text(.destinationName, FlowTextMatch(.contains, "b"))
        let query = FlowHintsQuery(type: .destinationName, filter: filter)
        #expect(try store().hints(query, now: time(0)).items == ["b-*"])
    }

    @Test("a policy filter picks flows, not hits")
    func policyFilter() throws {
        let filter = FlowExpression.policy(FlowPolicyCondition(name: FlowTextMatch(.equals, "next")))
        let query = FlowHintsQuery(type: .policyName, filter: filter)
        #expect(try store().hints(query, now: time(0)).items == ["allow-web", "base", "next"])
    }

    @Test("pages and totals count distinct values")
    func paging() throws {
        let query = FlowHintsQuery(type: .policyName, paging: FlowPaging(page: 1, pageSize: 3))
        let page = try store().hints(query, now: time(0))
        #expect(page == FlowPage(items: ["next"], totalPages: 2, totalResults: 4))
    }

    @Test("names of the filling window are offered at once")
    func fillingWindow() throws {
        var store = storeAtT0()
        store.insert(record(flowKey(destination: "fresh"), at: 1))
        #expect(try store.hints(FlowHintsQuery(type: .destinationName), now: time(2)).items == ["fresh"])
    }
}
