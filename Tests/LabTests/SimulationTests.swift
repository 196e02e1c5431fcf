// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel
import PolicyEngine
import PolicyModel
import Synchronization
import Testing

@testable import Lab

@Suite("Simulated workloads")
struct SimulationTests {
    static func pod(_ name: String, _ number: Int, _ arguments: [String]) throws -> LabPod {
        LabPod(
            name: ResourceName(namespace: "test", name: name),
            addresses: [
                address("10.244.0.\(number)"), IPAddress(bits: 0xfd00_0010_0244 << 80 | UInt128(number)),
            ],
            behavior: try WorkloadBehavior.parse(container: arguments), arguments: arguments)
    }

    static func snapshot(_ pods: [LabPod]) -> LabSnapshot {
        LabSnapshot(
            pods: pods,
            translations: [
                ServiceTranslation(
                    service: ResourceName(namespace: "test", name: "web"),
                    front: AddressPort(address: address("10.96.0.16"), transport: .tcp, port: 80),
                    backends: [AddressPort(address: address("10.244.0.2"), transport: .tcp, port: 8080)])
            ],
            zone: DNSZone(["web.test.svc.cluster.local": [address("10.96.0.16")]]),
            nameServers: [address("10.244.0.3")])
    }

    static let allow: SimulatedVerdict = { _, source, destination in
        (
            source.map { _ in [decision(.allow, .egress)] },
            destination.map { _ in [decision(.allow, .ingress)] }
        )
    }

    static func decision(_ action: RuleAction, _ direction: Direction) -> RuleDecision {
        RuleDecision(
            place: .profileRule(name: "kns.test", index: 0), tier: "", direction: direction, action: action)
    }

    /// All events of the first minute.
    static func events(
        _ pods: [LabPod], hosts: [InternetHost] = [], seconds: Int64 = 60, seed: UInt64 = 1,
        _ verdict: @escaping SimulatedVerdict = allow
    ) -> [KernelEvent] {
        var simulation = WorkloadSimulation(seed: seed)
        simulation.update(snapshot(pods), hosts: hosts, now: Timestamp(seconds: 1000))
        return (1...seconds).flatMap { second in
            simulation.advance(to: Timestamp(seconds: 1000 + second), generation: 7, verdict: verdict)
        }
    }

    static func packets(_ events: [KernelEvent]) -> [PacketEvent] {
        events.compactMap { if case .packet(let event) = $0 { event } else { nil } }
    }

    static func connections(_ events: [KernelEvent]) -> [ConnectionObservation] {
        events.compactMap { if case .connection(let it) = $0 { it } else { nil } }
    }

    @Test("a call by name asks the name server first, then goes through the Service to a pod")
    func lookupAndTranslation() throws {
        let pods = [
            try Self.pod("web", 2, ["--serve", "http:8080"]), try Self.pod("dns", 3, ["--serve", "dns:53"]),
            try Self.pod("client", 4, ["--call", "http://web.test:80/ every=2s"]),
        ]
        let packets = Self.packets(Self.events(pods))
        let first = try #require(packets.first)
        #expect(first.tuple.destination == address("10.244.0.3"))
        #expect(first.tuple.destinationPort == 53)
        #expect(first.tuple.transport == .udp)
        #expect(first.generation == 7)
        let calls = packets.filter { $0.tuple.destinationPort == 8080 }
        #expect((2 * 26...2 * 34).contains(calls.count), "both ends report each attempt")
        #expect(calls.allSatisfy { $0.tuple.destination == address("10.244.0.2") })
        let lookups = packets.filter { $0.tuple.destinationPort == 53 }
        #expect((2 * 5...2 * 7).contains(lookups.count), "an answer is good for ten seconds")
        let served = Self.connections(Self.events(pods)).filter { $0.forwarded.destinationPort == 8080 }
        #expect(
            served.allSatisfy {
                $0.original.destination == address("10.96.0.16") && $0.original.destinationPort == 80
            })
    }

    @Test("every connection that starts ends once, with counters, later")
    func lifecycle() throws {
        let pods = [
            try Self.pod("db", 2, ["--serve", "tcp:5432"]),
            try Self.pod("client", 4, ["--call", "tcp://10.244.0.2:5432 every=3s hold=4s bytes=2000"]),
        ]
        let events = Self.connections(Self.events(pods))
        let started = events.filter { $0.kind == .started }
        let ended = events.filter { $0.kind == .ended }
        #expect(started.count >= 18)
        #expect(Set(started.map(\.id)).count == started.count)
        #expect(started.allSatisfy { $0.originalPackets == 0 })
        for end in ended {
            let start = try #require(started.first { $0.id == end.id })
            #expect(start.forwarded == end.forwarded)
            #expect(end.time.nanoseconds(since: start.time) == 4_100_000_000)
            #expect(end.originalBytes > 2000 && end.replyBytes > 2010 && end.isClosing)
        }
        #expect((0...3).contains(started.count - ended.count))
        let times = events.map(\.time)
        #expect(times == times.sorted())
    }

    @Test(
        "a denied attempt reports the deciding packets only, and stops at the denial",
        arguments: [Direction.egress, .ingress])
    func denial(_ direction: Direction) throws {
        let pods = [
            try Self.pod("db", 2, ["--serve", "tcp:5432"]),
            try Self.pod("client", 4, ["--call", "tcp://10.244.0.2:5432 every=3s"]),
        ]
        let events = Self.events(pods) { _, _, _ in
            (
                [
                    Self.decision(.pass, .egress),
                    Self.decision(direction == .egress ? .deny : .allow, .egress),
                ],
                [Self.decision(.deny, .ingress)]
            )
        }
        #expect(Self.connections(events).isEmpty)
        let actions = Self.packets(events).prefix(direction == .egress ? 2 : 3).map(\.decision.action)
        #expect(actions == (direction == .egress ? [.pass, .deny] : [.pass, .allow, .deny]))
        #expect(Self.packets(events).allSatisfy { $0.bytes == 60 })
    }

    @Test("an unanswered name is not called; a denied lookup is tried again")
    func unresolved() throws {
        let pods = [
            try Self.pod("dns", 3, ["--serve", "dns:53"]),
            try Self.pod("client", 4, ["--call", "http://web.test:80/ every=2s"]),
        ]
        let denied = Self.packets(
            Self.events(pods) { _, _, _ in
                ([Self.decision(.deny, .egress)], [Self.decision(.allow, .ingress)])
            })
        #expect(denied.allSatisfy { $0.tuple.destinationPort == 53 })
        #expect(denied.count >= 26)
    }

    @Test("closed ports and nobody's addresses show as connections with little or no reply")
    func unanswered() throws {
        let pods = [
            try Self.pod("db", 2, ["--serve", "tcp:5432"]),
            try Self.pod(
                "client", 4,
                ["--call", "tcp://10.244.0.2:22 every=2s", "--call", "tcp://203.0.113.99:80 every=2s"]),
        ]
        let ended = Self.connections(Self.events(pods)).filter { $0.kind == .ended }
        #expect(ended.filter { $0.forwarded.destinationPort == 22 }.allSatisfy { $0.replyPackets == 1 })
        #expect(ended.filter { $0.forwarded.destinationPort == 80 }.allSatisfy { $0.replyPackets == 0 })
        #expect(ended.count > 50)
    }

    @Test("hosts of the internet have no policy of their own, and do not meet each other on the node")
    func internet() throws {
        let hosts = [
            InternetHost(
                name: "server", addresses: [address("203.0.113.1")], arguments: ["--serve", "http:443"]),
            InternetHost(
                name: "client", addresses: [address("198.51.100.1")],
                arguments: [
                    "--call", "http://10.96.0.16:80/ every=2s", "--call", "http://203.0.113.1:443/ every=2s",
                ]),
        ]
        let pods = [try Self.pod("web", 2, ["--serve", "http:8080"])]
        let asked = Mutex<Set<[String]>>([])
        let events = Self.events(pods, hosts: hosts) { _, source, destination in
            asked.withLock { _ = $0.insert([source?.description ?? "-", destination?.description ?? "-"]) }
            return Self.allow(
                ConnectionTuple(source: address("::"), destination: address("::"), transport: .tcp), source,
                destination)
        }
        #expect(asked.withLock { $0 } == [["-", "test/web"]])
        #expect(Self.packets(events).allSatisfy { $0.decision.direction == .ingress })
        #expect(Self.connections(events).allSatisfy { $0.original.source == address("198.51.100.1") })
    }

    @Test("echo requests carry type and code as flow records have them")
    func echo() throws {
        let pods = [
            try Self.pod("web", 2, []),
            try Self.pod("client", 4, ["--call", "icmp://[fd00:10:244::2] every=2s"]),
        ]
        let tuples = Self.packets(Self.events(pods)).map(\.tuple)
        #expect(!tuples.isEmpty)
        #expect(tuples.allSatisfy { $0.transport == .icmpv6 && $0.icmpType == 128 && $0.icmpCode == 0 })
    }

    @Test("the same seed gives the same events; steps of any size do too")
    func deterministic() throws {
        let pods = [
            try Self.pod("web", 2, ["--serve", "http:8080"]), try Self.pod("dns", 3, ["--serve", "dns:53"]),
            try Self.pod(
                "client", 4,
                ["--call", "http://web.test:80/ every=1s", "--probe", "tcp 10.244.0.0/24 ports=22"]),
        ]
        let events = Self.events(pods)
        #expect(Self.events(pods) == events)
        #expect(Self.events(pods, seed: 2) != events)
        var simulation = WorkloadSimulation(seed: 1)
        simulation.update(Self.snapshot(pods), hosts: [], now: Timestamp(seconds: 1000))
        var small: [KernelEvent] = []
        for tenth in 1...600 {
            let now = Timestamp(nanoseconds: 1_000_000_000_000 + Int64(tenth) * 100_000_000)
            small += simulation.advance(to: now, generation: 7, verdict: Self.allow)
        }
        #expect(small == events)
    }

    @Test("after a long sleep of the machine nothing is made up for")
    func longSleep() throws {
        let pods = [try Self.pod("client", 4, ["--call", "tcp://10.244.0.2:22 every=1s"])]
        var simulation = WorkloadSimulation(seed: 1)
        simulation.update(Self.snapshot(pods), hosts: [], now: Timestamp(seconds: 1000))
        let events = simulation.advance(to: Timestamp(seconds: 100_000), generation: 1, verdict: Self.allow)
        #expect(events.count < 30)
        #expect(events.count > 3)
    }

    @Test(
        "the data plane is silent until a program is applied; workloads that stay keep their pace"
    )
    func dataplane() async throws {
        let pods = [try Self.pod("client", 4, ["--call", "tcp://10.244.0.2:22 every=1s"])]
        let time = Mutex<Int64>(1_000_000_000_000)
        let (sleeps, slept) = AsyncStream<Int64>.makeStream()
        let dataplane = SimulatedDataplane(
            hosts: [], verdict: Self.allow, now: { Timestamp(nanoseconds: time.withLock { $0 }) },
            sleep: { duration in
                time.withLock { $0 += duration.nanoseconds }
                slept.yield(time.withLock { $0 })
            })
        dataplane.update(Self.snapshot(pods))
        let collector = Task {
            var batches: [KernelEventBatch] = []
            for await batch in dataplane.batches() {
                batches.append(batch)
                if batches.count == 5 { break }
            }
            return batches
        }
        for await moment in sleeps where moment >= 1_003_000_000_000 { break }
        let report = try await dataplane.apply(EnforcementProgram(generation: 3))
        #expect(report.generation == 3)
        dataplane.update(Self.snapshot(pods))
        let batches = await collector.value
        let generations = Self.packets(batches.flatMap(\.events)).map(\.generation)
        #expect(!generations.isEmpty)
        #expect(generations.allSatisfy { $0 == 3 })
        #expect(batches.allSatisfy { $0.losses.isEmpty })
    }
}
