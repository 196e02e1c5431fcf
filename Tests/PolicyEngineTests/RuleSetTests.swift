// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@Suite("Sets of rules")
struct RuleSetTests {
    /// U+212A, the Kelvin sign, is the same character as "K" and not the same bytes.
    @Test(
        "a selector shares no set with one whose text only looks the same",
        arguments: [["K", "\u{212A}"], ["\u{212A}", "K"]])
    func lookAlikes(values: [String]) throws {
        func pod(_ name: String, _ address: String, _ app: String) throws -> PodResource {
            PodResource(
                name: ResourceName(namespace: "ns", name: name), labels: ["app": app],
                addresses: [try #require(IPAddress(address))])
        }
        let (db, web) = (try pod("db", "10.0.0.1", "db"), try pod("web", "10.0.0.2", "K"))
        var policy = CalicoPolicy(id: PolicyID(kind: .networkPolicy, namespace: "ns", name: "p"))
        policy.selector = "app == 'db'"
        policy.ingress = values.map { value in
            var rule = CalicoRule(action: .allow)
            rule.source.selector = "app == '\(value)'"
            return rule
        }
        let snapshot = PolicySnapshot(
            ClusterState([.pod(db), .pod(web), .policy(PolicyResource(policy))]), generation: 1)
        let tuple = ConnectionTuple(
            source: web.addresses[0], destination: db.addresses[0], transport: .tcp, destinationPort: 80)
        let rule = values[0] == "\u{4B}" && values[0].utf8.count == 1 ? 0 : 1
        #expect(
            snapshot.evaluate(tuple, .ingress)?.trace.enforced.map(\.traceText)
                == ["0|default|np:ns/p|allow|\(rule)"])
    }

    /// Policy semantics 5.3: the selector narrows `ports`, not `notPorts`.
    @Test("a port name in notPorts excludes whoever declares it", arguments: [8080, 9090] as [UInt16])
    func excludedNames(port: UInt16) throws {
        let db = PodResource(
            name: ResourceName(namespace: "ns", name: "db"), labels: ["app": "db"],
            addresses: [try #require(IPAddress("10.0.0.1"))],
            ports: [NamedPort(name: "http", port: 8080)])
        let client = PodResource(
            name: ResourceName(namespace: "ns", name: "client"), labels: ["app": "client"],
            addresses: [try #require(IPAddress("10.0.0.2"))])
        // The address of db meets the selector as part of the set; db itself does not.
        let set = NetworkSetResource(
            name: ResourceName(name: "set"), labels: ["zone": "x"],
            nets: [try IPPrefix.parse("10.0.0.0/24", .strict)])
        var policy = CalicoPolicy(id: PolicyID(kind: .globalNetworkPolicy, name: "p"))
        policy.selector = "app == 'client'"
        policy.types = [.egress]
        var rule = CalicoRule(action: .allow)
        rule.transport = ProtocolName(.tcp)
        rule.destination.selector = "zone == 'x'"
        rule.destination.notPorts = [.named("http")]
        policy.egress = [rule]
        let snapshot = PolicySnapshot(
            ClusterState([.pod(db), .pod(client), .networkSet(set), .policy(PolicyResource(policy))]),
            generation: 1)
        let tuple = ConnectionTuple(
            source: client.addresses[0], destination: db.addresses[0], transport: .tcp,
            destinationPort: port)
        #expect(snapshot.evaluate(tuple, .egress)?.verdict == (port == 8080 ? .deny : .allow))
    }
}
