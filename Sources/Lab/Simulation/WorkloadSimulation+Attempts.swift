// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

// What one attempt turns into: name lookup, service translation, verdicts, connection.
extension WorkloadSimulation {
    /// How long an answer of the name server is good for; as the zone's.
    private static let nameLifeNanoseconds: Int64 = 10_000_000_000
    /// A connection without payload held open: until its last packet is acknowledged.
    private static let briefNanoseconds: Int64 = 100_000_000

    /// One connection attempt, before anything was decided.
    private struct Attempt {
        var actor: ResourceName
        var destination: IPAddress
        var port: UInt16
        var transport: IPProtocol
        var payload: Payload
        var holdNanoseconds: Int64 = 0
    }

    /// Bytes of payload each way.
    private struct Payload {
        var request: Int
        var reply: Int
    }

    /// The part of an `advance` that stays the same for all that happens at one moment.
    private struct Moment {
        let time: Timestamp
        let generation: UInt64
        let verdict: SimulatedVerdict
    }

    private enum Outcome {
        case denied
        /// Nobody has the address.
        case unanswered
        /// The port is closed.
        case refused
        case answered
    }

    mutating func perform(
        _ activity: WorkloadTimetable.Activity, of name: ResourceName, at time: Timestamp,
        _ generation: UInt64,
        _ verdict: @escaping SimulatedVerdict
    ) -> [KernelEvent] {
        guard let behavior = actors[name]?.pod.behavior else { return [] }
        let moment = Moment(time: time, generation: generation, verdict: verdict)
        switch activity {
        case .probe(let index, let number):
            let target = behavior.probes[index].target(number)
            let attempt = Attempt(
                actor: name, destination: target.address, port: target.port, transport: .tcp,
                payload: Payload(request: 0, reply: 0))
            return connect(attempt, moment).events
        case .call(let index, let number):
            return perform(behavior.calls[index], number, of: name, moment)
        }
    }

    private mutating func perform(
        _ call: WorkloadCall, _ number: Int, of name: ResourceName, _ moment: Moment
    ) -> [KernelEvent] {
        var events: [KernelEvent] = []
        let addresses: [IPAddress]
        switch call.host {
        case .address(let address): addresses = [address]
        case .name(let text):
            let (found, lookup) = resolve(text, for: name, moment)
            events += lookup
            addresses = found
        }
        guard let destination = WorkloadResolver.choose(addresses, attempt: number) else { return events }
        let attempt = Attempt(
            actor: name, destination: destination, port: call.port,
            transport: call.transport(destination.family), payload: payload(of: call),
            holdNanoseconds: call.hold.nanoseconds)
        return events + connect(attempt, moment).events
    }

    private func payload(of call: WorkloadCall) -> Payload {
        switch call.kind {
        case .http: Payload(request: 90 + call.path.utf8.count, reply: 105)
        case .tcp: Payload(request: call.bytes, reply: call.bytes + 10)
        case .udp: Payload(request: call.bytes, reply: 3)
        case .dns: Payload(request: 18 + call.path.utf8.count, reply: 46 + call.path.utf8.count)
        case .icmp: Payload(request: 48, reply: 48)
        }
    }

    /// The addresses of a name, and what asking for them did on the network.
    private mutating func resolve(
        _ text: String, for name: ResourceName, _ moment: Moment
    ) -> ([IPAddress], [KernelEvent]) {
        guard let query = DNSName(text)?.expanded, var actor = actors[name] else { return ([], []) }
        let found = snapshot.zone.lookup(query.text) ?? []
        if let until = actor.knownNames[query.text], until > moment.time { return (found, []) }
        guard let server = WorkloadResolver.choose(snapshot.nameServers, attempt: actor.lookups) else {
            return ([], [])
        }
        actor.lookups += 1
        actors[name] = actor
        // Both questions, for A and AAAA, leave through one socket: one connection.
        let size = Payload(request: 2 * (18 + query.text.utf8.count), reply: 2 * (34 + query.text.utf8.count))
        let attempt = Attempt(actor: name, destination: server, port: 53, transport: .udp, payload: size)
        let (outcome, events) = connect(attempt, moment)
        guard outcome == .answered, !found.isEmpty else { return ([], events) }
        actors[name]?.knownNames[query.text] = Timestamp(
            nanoseconds: moment.time.nanoseconds + Self.nameLifeNanoseconds)
        return (found, events)
    }

    private mutating func connect(_ attempt: Attempt, _ moment: Moment) -> (Outcome, events: [KernelEvent]) {
        guard let actor = actors[attempt.actor],
            let source = actor.pod.addresses.first(where: { $0.family == attempt.destination.family })
        else { return (.unanswered, []) }
        let original = tuple(attempt, from: source)
        guard let forwarded = translate(original) else { return (.refused, []) }
        let owner = owners[forwarded.destination].flatMap { actors[$0] }
        // Between two hosts of the internet there is no node.
        guard actor.isPod || owner?.isPod == true else { return (.unanswered, []) }
        // A process reaches its own address without leaving the pod.
        guard owner?.pod.name != attempt.actor else { return (.answered, []) }

        let decisions = moment.verdict(forwarded, actor.endpoint, owner?.endpoint)
        var events: [KernelEvent] = []
        for decision in (decisions.egress ?? []) + (decisions.ingress ?? []) {
            events.append(
                .packet(
                    PacketEvent(
                        tuple: forwarded, decision: decision, generation: moment.generation,
                        bytes: Self.firstPacketBytes(forwarded, attempt.payload.request), time: moment.time)))
            if decision.action == .deny { return (.denied, events) }
        }
        let outcome = Self.outcome(forwarded, owner)
        var started = ConnectionObservation(
            kind: .started, id: nextConnectionID(), original: original, forwarded: forwarded,
            time: moment.time)
        events.append(.connection(started))
        started.kind = .ended
        started.isClosing = true
        let life =
            outcome == .answered ? attempt.holdNanoseconds + Self.briefNanoseconds : Self.briefNanoseconds
        started.time = Timestamp(nanoseconds: moment.time.nanoseconds + life)
        Self.count(&started, attempt.payload, outcome)
        plan(end: started)
        return (outcome, events)
    }

    private static func outcome(_ tuple: ConnectionTuple, _ owner: Actor?) -> Outcome {
        guard let owner else { return .unanswered }
        guard tuple.transport == .tcp || tuple.transport == .udp else { return .answered }
        let isServed = owner.pod.behavior.servers.contains {
            $0.transport == tuple.transport && $0.port == tuple.destinationPort
        }
        return isServed ? .answered : .refused
    }

    private mutating func nextConnectionID() -> UInt32 {
        lastConnectionID &+= 1
        return lastConnectionID
    }

    // MARK: Tuples and counters

    private mutating func tuple(_ attempt: Attempt, from source: IPAddress) -> ConnectionTuple {
        let isICMP = attempt.transport == .icmp || attempt.transport == .icmpv6
        // Echo request: type 8 or 128, code 0.
        let echo: UInt16 = attempt.transport == .icmp ? 8 << 8 : 128 << 8
        return ConnectionTuple(
            source: source, destination: attempt.destination, transport: attempt.transport,
            sourcePort: .random(in: 32_768...60_999, using: &random),
            destinationPort: isICMP ? echo : attempt.port)
    }

    /// After destination NAT; nil when the Service has no backends.
    private mutating func translate(_ original: ConnectionTuple) -> ConnectionTuple? {
        let front = AddressPort(
            address: original.destination, transport: original.transport, port: original.destinationPort)
        guard let backends = translations[front] else { return original }
        guard let backend = backends.randomElement(using: &random) else { return nil }
        var forwarded = original
        forwarded.destination = backend.address
        forwarded.destinationPort = backend.port
        return forwarded
    }

    private static func headerBytes(_ family: IPFamily) -> Int { family == .v4 ? 20 : 40 }

    private static func firstPacketBytes(_ tuple: ConnectionTuple, _ payload: Int) -> UInt32 {
        // A TCP SYN has 40 bytes of header and options and no payload.
        UInt32(headerBytes(tuple.family) + (tuple.transport == .tcp ? 40 : 8 + payload))
    }

    /// Packets and bytes as connection tracking would have counted them.
    private static func count(_ end: inout ConnectionObservation, _ payload: Payload, _ outcome: Outcome) {
        let header = UInt64(headerBytes(end.forwarded.family))
        let isTCP = end.forwarded.transport == .tcp
        let isRefused = outcome == .refused
        guard outcome == .answered else {
            end.originalPackets = 1
            end.originalBytes = UInt64(firstPacketBytes(end.forwarded, payload.request))
            end.replyPackets = isRefused && isTCP ? 1 : 0
            end.replyBytes = isRefused && isTCP ? header + 20 : 0
            return
        }
        func segments(_ bytes: Int) -> UInt64 { UInt64((bytes + 1399) / 1400) }
        // TCP: three packets to open, two to close and one acknowledgement each way; 32 bytes of header and
        // options.
        end.originalPackets = isTCP ? 4 + segments(payload.request) : 1
        end.replyPackets = isTCP ? 3 + segments(payload.reply) : 1
        let perPacket = header + (isTCP ? 32 : 8)
        end.originalBytes = end.originalPackets * perPacket + UInt64(payload.request)
        end.replyBytes = end.replyPackets * perPacket + UInt64(payload.reply)
    }
}
