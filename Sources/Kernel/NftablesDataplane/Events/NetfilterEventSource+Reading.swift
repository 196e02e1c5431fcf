// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import Glibc
internal import LinuxKernel
internal import NetworkModel
internal import PolicyModel

// The bodies of the two threads.
extension NetfilterEventSource {
    /// Turns logged packets into events until told to stop. One batch of the kernel is one batch.
    func followPackets(_ output: Output) throws(KernelError) {
        while true {
            var events: [KernelEvent] = []
            var now: Timestamp?
            let reception = try packets.receive(timeoutMilliseconds: -1) { packet in
                guard let (outcome, generation) = decisions.outcome(ofPrefix: packet.prefix) else {
                    tallies.add(\.unknownPrefixes, 1)
                    return
                }
                guard case .decision(let decision) = outcome else {
                    tallies.add(\.droppedBeforePolicy, 1)
                    return
                }
                let time = packet.timestamp ?? now ?? Self.wallClock()
                if packet.timestamp == nil { now = time }
                events.append(
                    .packet(
                        PacketEvent(
                            tuple: packet.tuple, decision: decision, generation: generation,
                            bytes: UInt32(clamping: packet.packetBytes), time: time)))
            }
            if case .stopped = reception { return }
            // Empty ones too: what was lost changes.
            output.send(events)
        }
    }

    /// Turns connection tracking's events and regular dumps into events until told to stop.
    func followConnections(_ output: Output) throws(KernelError) {
        let clock = ContinuousClock()
        var nextDump = clock.now
        // Unknown at first: connections may be older than we are.
        var liveCount = 1
        while true {
            if liveCount > 0, clock.now >= nextDump {
                liveCount = dumpConnections(output) ?? max(1, liveCount)
                nextDump = clock.now + configuration.dumpInterval
            }
            let wait = liveCount > 0 ? (nextDump - clock.now).wholeMilliseconds : -1
            var events: [KernelEvent] = []
            var reception = try receiveConnections(wait, &events, &liveCount)
            // The kernel sends one datagram an event: take along what is there already.
            while case .events = reception, events.count < configuration.eventsPerBatch {
                reception = try receiveConnections(0, &events, &liveCount)
            }
            if case .overrun = reception {
                // Only a dump tells what has become of the connections.
                liveCount = max(1, liveCount)
            } else if events.isEmpty, case .timedOut = reception {
                continue
            }
            output.send(events)
            if case .stopped = reception { return }
        }
    }

    private func receiveConnections(
        _ timeoutMilliseconds: Int32, _ events: inout [KernelEvent], _ liveCount: inout Int
    ) throws(KernelError) -> ConntrackSocket.Reception {
        var received: [KernelEvent] = []
        var change = 0
        let reception = try connections.receive(timeoutMilliseconds: timeoutMilliseconds) { entry in
            // Ends are not subtracted: some are of entries that no dump listed, because the kernel evicts
            // expired ones while it lists. Only a dump may find that nothing is left.
            change += entry.event == .new ? 1 : 0
            received.append(.connection(Self.observation(entry, now: Self.wallClock())))
        }
        events += received
        liveCount += change
        return reception
    }

    /// Reports all connections; returns how many there are, nil when the kernel did not tell.
    private func dumpConnections(_ output: Output) -> Int? {
        do throws(KernelError) {
            // Before, not after: what is listed may end meanwhile, and its end must not be older than this.
            let now = Self.wallClock()
            let entries = try connections.dump()
            var rest = entries[...]
            while !rest.isEmpty {
                let piece = rest.prefix(configuration.eventsPerBatch)
                rest = rest.dropFirst(piece.count)
                output.send(piece.map { .connection(Self.observation($0, now: now)) })
            }
            output.send([.listed(now)])
            return entries.count
        } catch {
            // The next dump makes up for it, since counters are totals.
            tallies.add(\.failedDumps, 1)
            return nil
        }
    }

    /// An entry as the flow model sees it.
    static func observation(_ entry: ConntrackEntry, now: Timestamp) -> ConnectionObservation {
        let (kind, time): (ConnectionObservation.Kind, Timestamp) =
            switch entry.event {
            case .new: (.started, entry.startTime ?? now)
            case .destroy: (.ended, entry.stopTime ?? now)
            case .update, .dumped: (.ongoing, max(now, entry.startTime ?? now))
            }
        let isClosing =
            switch entry.tcpState {
            case .timeWait, .close, .lastAck: true
            default: false
            }
        return ConnectionObservation(
            kind: kind, id: entry.id, original: entry.original, forwarded: entry.postDNATTuple,
            originalPackets: entry.originalTraffic.packets, originalBytes: entry.originalTraffic.bytes,
            replyPackets: entry.replyTraffic.packets, replyBytes: entry.replyTraffic.bytes,
            isClosing: isClosing,
            time: time)
    }

    /// CLOCK_REALTIME.
    static func wallClock() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(nanoseconds: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec))
    }
}

extension Duration {
    /// Rounded up, at least 1, for poll(2).
    fileprivate var wholeMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        return max(1, Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1))
    }
}
