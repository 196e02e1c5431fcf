// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// What the collector asks about policy and names. Answers come from the current policy snapshot.
public protocol FlowContext {
    /// The pending trace of a new connection now.
    func pendingTrace(_ tuple: ConnectionTuple, _ direction: Direction) -> [PolicyHit]
    func names(_ forwarded: ConnectionTuple, original: ConnectionTuple?) -> FlowNames
    func isWorkload(_ address: IPAddress) -> Bool
}

/// Folds kernel events into flow records (flow API, section 5).
///
/// One entry per connection after destination NAT. Rule hits give it its verdict per direction, connection
/// tracking its counters and its Service. A record is an increment; each direction whose end is a local
/// workload and whose verdict is known yields its own.
///
///     hit ─▶ pass … pass ─▶ allow ──(tracking entry seen, or 250 ms)──▶ report, then deltas until it ends
///                      └──▶ deny  ─▶ report each packet at once ──(10 s silence)──▶ completed
///
/// Differences from Calico's collector: nothing waits for an export interval, and labels that Calico adds
/// itself are always left out (docs/reference/differences.md).
public struct FlowCollector: Sendable {
    /// How long an allowed connection waits for its tracking entry, which names the Service.
    public static let serviceWaitNanoseconds: Int64 = 250_000_000
    /// Silence after which a denied attempt, or an untracked connection, is over.
    public static let idleNanoseconds: Int64 = 10_000_000_000
    /// Width of an aggregation window.
    public static let windowSeconds: Int64 = 15
    /// How often all connections are looked through for silent and for live ones.
    static let scanNanoseconds: Int64 = 1_000_000_000

    /// Events that could not be used, by reason. Totals.
    public struct Counters: Hashable, Sendable {
        /// A new connection came when `maximumConnections` were being followed.
        public var connectionsOverLimit: UInt64 = 0
        /// Connections whose verdict nobody logged: they are older than the collector.
        public var connectionsWithoutVerdict: UInt64 = 0
    }

    /// Bound on connections followed at once.
    public let maximumConnections: Int
    public private(set) var counters = Counters()
    private var connections: [ConnectionTuple: TrackedConnection] = [:]
    /// Allowed connections that wait for their tracking entry, with the time when waiting ends, oldest first.
    private var waiting: [(tuple: ConnectionTuple, until: Timestamp)] = []
    /// Tracking entries that were reported as completed before the kernel forgot them.
    private var finished: [UInt32: Timestamp] = [:]
    /// Connections that ended moments after a rule hit, which may belong to their successor on the same
    /// tuple.
    private var recentlyFinished: [ConnectionTuple: TrackedConnection] = [:]
    private var scannedAt = Timestamp(nanoseconds: .min)

    public init(maximumConnections: Int = 200_000) { self.maximumConnections = maximumConnections }

    public var connectionCount: Int { connections.count }

    /// The nearest time at which `tick` has something to do that cannot wait for the regular tick.
    public var nextDeadline: Timestamp? { waiting.first?.until }

    // MARK: - Events

    public mutating func collect(
        _ event: KernelEvent, context: some FlowContext, into records: inout [FlowRecord]
    ) {
        switch event {
        case .packet(let packet): collect(packet, context, &records)
        case .connection(let observation): collect(observation, context, &records)
        case .listed(let time): endUnlisted(at: time, context, &records)
        }
    }

    /// Ends connections that the kernel no longer knows: the message about their end was lost.
    private mutating func endUnlisted(
        at time: Timestamp, _ context: some FlowContext, _ records: inout [FlowRecord]
    ) {
        // The margin is for ends that are still in a queue: they carry the final totals.
        let lost = connections.filter {
            $0.value.trackingID != nil && time.nanoseconds(since: $0.value.lastSeen) > Self.idleNanoseconds
        }
        for tuple in lost.keys { finish(tuple, at: time, context, &records) }
    }

    private mutating func collect(
        _ packet: PacketEvent, _ context: some FlowContext, _ records: inout [FlowRecord]
    ) {
        guard var connection = entry(for: packet.tuple, at: packet.time) else { return }
        let direction = packet.decision.direction
        var side = connection[direction]
        let previous = side.decisions
        if previous.last?.isFinal ?? true {
            // A walk begins anew: another packet of the attempt, or a new connection on the same tuple.
            side.decisions = []
            side.generation = 0
        }
        side.decisions.append(packet.decision)
        side.generation = max(side.generation, packet.generation)
        connection.lastSeen = max(connection.lastSeen, packet.time)
        connection.lastHit = packet.time
        defer { connections[packet.tuple] = connection }
        guard side.verdict != nil else {
            connection[direction] = side
            return
        }
        if let old = side.reportedAs, old.decisions != side.decisions {
            // Decided otherwise than before: one flow ends, another begins.
            var ending = FlowCounters()
            ending.connectionsCompleted = 1
            records.append(old.record(at: packet.time, counters: ending, generation: old.generation))
            side.reportedAs = nil
            side.isStarted = false
            side.liveWindow = .min
        }
        if connection.trackingID == nil || side.verdict == .deny {
            side.loggedPackets += 1
            side.loggedBytes += UInt64(packet.bytes)
            side.lastLoggedBytes = UInt64(packet.bytes)
        }
        connection[direction] = side
        if side.verdict == .deny || connection.trackingID != nil {
            report(packet.tuple, &connection, direction, at: packet.time, context, &records)
        } else {
            let until = Timestamp(nanoseconds: packet.time.nanoseconds + Self.serviceWaitNanoseconds)
            waiting.append((packet.tuple, until))
        }
    }

    private mutating func collect(
        _ observation: ConnectionObservation, _ context: some FlowContext, _ records: inout [FlowRecord]
    ) {
        let tuple = observation.forwarded
        // What is followed already is followed to its end, also when its workload is gone.
        guard
            connections[tuple] != nil || context.isWorkload(tuple.source)
                || context.isWorkload(tuple.destination)
        else { return }
        if finished[observation.id] != nil {
            if observation.kind == .ended { finished[observation.id] = nil }
            return
        }
        if let known = connections[tuple]?.trackingID, known != observation.id {
            // The tuple was taken over by a new connection before we saw the end of the old one.
            guard observation.kind == .started else { return }
            finish(tuple, at: observation.time, context, &records)
        }
        guard var connection = entry(for: tuple, at: observation.time) else { return }
        if connection.trackingID == nil { beginTracking(&connection, observation) }
        connection.lastSeen = max(connection.lastSeen, observation.time)
        if observation.kind != .started {
            connection.totals = TrackedConnection.Totals(
                originalPackets: observation.originalPackets, originalBytes: observation.originalBytes,
                replyPackets: observation.replyPackets, replyBytes: observation.replyBytes)
        }
        connections[tuple] = connection
        // Rule hits come by another way and may be a little later than the end of a very short connection.
        let isYoung = observation.time.nanoseconds(since: connection.firstSeen) < Self.serviceWaitNanoseconds
        if observation.kind == .ended, isYoung, !connection.hasVerdict {
            connections[tuple]?.isOver = true
            let until = observation.time.nanoseconds + Self.serviceWaitNanoseconds
            waiting.append((tuple, Timestamp(nanoseconds: until)))
        } else if observation.kind == .ended || (observation.isClosing && !isYoung) {
            finish(tuple, at: observation.time, context, &records)
            if observation.kind != .ended { finished[observation.id] = observation.time }
        } else {
            reportBoth(tuple, at: observation.time, context, &records)
        }
    }

    private mutating func beginTracking(
        _ connection: inout TrackedConnection, _ observation: ConnectionObservation
    ) {
        connection.trackingID = observation.id
        connection.original = observation.original
        if observation.kind == .started,
            let before = recentlyFinished.removeValue(forKey: observation.forwarded)
        {
            // The hits of this connection came before it did, and were taken for the one before it.
            for direction in Direction.allCases where connection[direction].decisions.isEmpty {
                connection[direction].decisions = before[direction].decisions
                connection[direction].generation = before[direction].generation
            }
        }
        for direction in Direction.allCases {
            // Attempts that failed elsewhere were counted from their log. Tracking counts the last packet
            // only, and that one may have been reported already.
            let side = connection[direction]
            let isReported = side.loggedPackets == 0 && side.reported.originalPackets > 0
            connection[direction].reported.originalPackets = isReported ? 1 : 0
            connection[direction].reported.originalBytes = isReported ? side.lastLoggedBytes : 0
        }
    }

    // MARK: - Time

    /// Reports what waited long enough, keeps live connections alive in each window, and ends what fell
    /// silent. Call it a few times a second and at `nextDeadline`.
    public mutating func tick(_ now: Timestamp, context: some FlowContext, into records: inout [FlowRecord]) {
        var due = 0
        while due < waiting.count, waiting[due].until <= now {
            let tuple = waiting[due].tuple
            if connections[tuple]?.isOver ?? false {
                finish(tuple, at: now, context, &records)
            } else {
                reportBoth(tuple, at: now, context, &records)
            }
            due += 1
        }
        waiting.removeFirst(due)
        guard now.nanoseconds(since: scannedAt) >= Self.scanNanoseconds else { return }
        scannedAt = now
        scan(now, context, &records)
    }

    private mutating func scan(
        _ now: Timestamp, _ context: some FlowContext, _ records: inout [FlowRecord]
    ) {
        let window = now.seconds / Self.windowSeconds
        var silent: [ConnectionTuple] = []
        var live: [ConnectionTuple] = []
        for (tuple, connection) in connections {
            if connection.trackingID == nil {
                if now.nanoseconds(since: connection.lastSeen) >= Self.idleNanoseconds {
                    silent.append(tuple)
                }
            } else if !context.isWorkload(tuple.source), !context.isWorkload(tuple.destination) {
                // Its workload is gone; the kernel may remember the connection for days.
                silent.append(tuple)
            } else if needsLiveReport(connection, window) {
                live.append(tuple)
            }
        }
        for tuple in silent { finish(tuple, at: now, context, &records) }
        for tuple in live { reportBoth(tuple, at: now, context, &records) }
        // The kernel forgets a TCP entry two minutes after it closed at the latest.
        finished = finished.filter { now.nanoseconds(since: $0.value) < 180_000_000_000 }
        recentlyFinished = recentlyFinished.filter {
            now.nanoseconds(since: $0.value.lastHit) < 1_000_000_000
        }
    }

    private func needsLiveReport(_ connection: TrackedConnection, _ window: Int64) -> Bool {
        Direction.allCases.contains {
            connection[$0].verdict == .allow && connection[$0].isStarted
                && (connection[$0].liveWindow < window || connection[$0].isStale)
        }
    }

    /// Policies or names changed: every live connection is reported under its new identity from now on.
    public mutating func contextChanged() {
        connections = connections.mapValues { connection in
            var connection = connection
            for direction in Direction.allCases {
                connection[direction].isStale = true
            }
            return connection
        }
        scannedAt = Timestamp(nanoseconds: .min)
    }

    // MARK: - Entries

    private mutating func entry(for tuple: ConnectionTuple, at time: Timestamp) -> TrackedConnection? {
        if let known = connections[tuple] { return known }
        guard connections.count < maximumConnections else {
            counters.connectionsOverLimit += 1
            return nil
        }
        return TrackedConnection(at: time)
    }

    private mutating func finish(
        _ tuple: ConnectionTuple, at time: Timestamp, _ context: some FlowContext,
        _ records: inout [FlowRecord]
    ) {
        guard var connection = connections.removeValue(forKey: tuple) else { return }
        if connection.trackingID != nil,
            time.nanoseconds(since: connection.lastHit) < Self.serviceWaitNanoseconds,
            recentlyFinished.count < maximumConnections
        {
            recentlyFinished[tuple] = connection
        }
        if connection.trackingID != nil, !connection.hasVerdict { counters.connectionsWithoutVerdict += 1 }
        connection.isEnded = true
        for direction in [Direction.egress, .ingress] {
            report(tuple, &connection, direction, at: time, context, &records)
        }
    }

    // MARK: - Reports

    private mutating func reportBoth(
        _ tuple: ConnectionTuple, at time: Timestamp, _ context: some FlowContext,
        _ records: inout [FlowRecord]
    ) {
        guard var connection = connections[tuple] else { return }
        for direction in [Direction.egress, .ingress] {
            report(tuple, &connection, direction, at: time, context, &records)
        }
        connections[tuple] = connection
    }

    private func report(
        _ tuple: ConnectionTuple, _ connection: inout TrackedConnection, _ direction: Direction,
        at time: Timestamp,
        _ context: some FlowContext, _ records: inout [FlowRecord]
    ) {
        var side = connection[direction]
        guard let verdict = side.verdict else { return }
        let isLocal = context.isWorkload(direction == .egress ? tuple.source : tuple.destination)
        // What has ended ends under the name that it had; only what goes on gets the new one.
        if isLocal, side.reportedAs == nil || (side.isStale && !connection.isEnded) {
            let resolved = resolve(tuple, connection, side, direction, verdict, context)
            if resolved.key != side.reportedAs?.key { side.liveWindow = .min }
            side.reportedAs = resolved
            side.isStale = false
        }
        // Hits of a workload that is gone, and was never reported, say nothing about anybody.
        guard let identity = side.reportedAs else { return }
        var counters = Self.increment(of: &side, connection, verdict: verdict, direction: direction)
        if !side.isStarted {
            counters.connectionsStarted = 1
            side.isStarted = true
        }
        if connection.isEnded { counters.connectionsCompleted = 1 }
        let window = time.seconds / Self.windowSeconds
        if verdict == .allow, side.liveWindow < window {
            counters.connectionsLive = 1
            side.liveWindow = window
        }
        connection[direction] = side
        guard !counters.isZero else { return }
        records.append(identity.record(at: time, counters: counters, generation: side.generation))
    }

    private func resolve(
        _ tuple: ConnectionTuple, _ connection: TrackedConnection, _ side: TrackedConnection.Side,
        _ direction: Direction, _ verdict: Verdict, _ context: some FlowContext
    ) -> TrackedConnection.Identity {
        let names = context.names(tuple, original: connection.original)
        let trace = FlowTrace(
            enforced: Self.hits(side.decisions).map(FlowHit.init),
            pending: context.pendingTrace(tuple, direction).map(FlowHit.init))
        return TrackedConnection.Identity(
            key: FlowKey(
                source: names.source, destination: names.destination,
                destinationPort: Int64(tuple.destinationPort),
                service: names.service, transport: tuple.transport.flowName,
                reporter: direction == .egress ? .source : .destination,
                action: verdict == .allow ? .allow : .deny,
                trace: trace),
            decisions: side.decisions, generation: side.generation, sourceLabels: names.sourceLabels,
            destinationLabels: names.destinationLabels,
            addresses: FlowAddresses(source: tuple.source, destination: tuple.destination))
    }

    static func hits(_ decisions: [RuleDecision]) -> [PolicyHit] {
        decisions.enumerated().map { PolicyHit($0.element, policyIndex: $0.offset) }
    }

    /// What is new since the side was last reported. "In" is towards the workload on this side.
    private static func increment(
        of side: inout TrackedConnection.Side, _ connection: TrackedConnection, verdict: Verdict,
        direction: Direction
    ) -> FlowCounters {
        var forward = (packets: UInt64(0), bytes: UInt64(0))
        var reply = (packets: UInt64(0), bytes: UInt64(0))
        if verdict == .deny || connection.trackingID == nil {
            forward = (side.loggedPackets, side.loggedBytes)
            if verdict == .allow {
                // Tracking counts these packets too: its totals are compared with what was reported here.
                side.reported.originalPackets += forward.packets
                side.reported.originalBytes += forward.bytes
            }
        } else {
            let (now, before) = (connection.totals, side.reported)
            func delta(_ a: UInt64, _ b: UInt64) -> UInt64 { a > b ? a - b : 0 }
            forward = (
                delta(now.originalPackets, before.originalPackets),
                delta(now.originalBytes, before.originalBytes)
            )
            reply = (delta(now.replyPackets, before.replyPackets), delta(now.replyBytes, before.replyBytes))
            side.reported.originalPackets += forward.packets
            side.reported.originalBytes += forward.bytes
            side.reported.replyPackets += reply.packets
            side.reported.replyBytes += reply.bytes
        }
        side.loggedPackets = 0
        side.loggedBytes = 0
        var counters = FlowCounters()
        let isEgress = direction == .egress
        counters.packetsOut = isEgress ? forward.packets : reply.packets
        counters.bytesOut = isEgress ? forward.bytes : reply.bytes
        counters.packetsIn = isEgress ? reply.packets : forward.packets
        counters.bytesIn = isEgress ? reply.bytes : forward.bytes
        return counters
    }
}

extension TrackedConnection.Identity {
    func record(at time: Timestamp, counters: FlowCounters, generation: UInt64) -> FlowRecord {
        FlowRecord(
            key: key, time: time, sourceLabels: sourceLabels, destinationLabels: destinationLabels,
            counters: counters, generation: generation, addresses: addresses)
    }
}
