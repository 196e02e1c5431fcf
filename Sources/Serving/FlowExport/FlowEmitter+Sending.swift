// SPDX-License-Identifier: Apache-2.0

internal import FlowStore
internal import Logging
internal import NIOCore
internal import Synchronization

extension FlowEmitter {
    private enum Outcome {
        case taken
        case givenUp
        /// Cancelled or turned off: the block is still to be sent.
        case stopped
    }

    /// Sends every block that is due, oldest first. Not twice at a time.
    func sendDueBlocks() async {
        while state.withLock(\.status.isOn), let (block, flows) = nextBlock() {
            let outcome = await send(flows, of: block)
            guard outcome != .stopped else { return }
            state.withLock {
                $0.status.doneSeconds = block.endSeconds
                if outcome == .taken { $0.status.sentBlocks += 1 } else { $0.status.givenUpBlocks += 1 }
            }
            await saveProgress(block.endSeconds)
        }
    }

    /// The oldest block that is due, with its flows as they are now.
    private func nextBlock() -> (EmissionBlock, FlowSumReader)? {
        let history = source.snapshot()
        let filling = history.fillingSeconds
        guard filling >= settledSeconds else { return nil }
        let filled = history.filledWindows(from: .min, before: .max)
        let (done, future, lost) = state.withLock { $0.look(at: history, filled) }
        if let future {
            // The history began anew with the clock, so nothing in it was sent before.
            logger.warning(
                "the clock was set back: flows are sent as if none had been",
                metadata: ["done": "\(future)", "now": "\(filling)"])
        }
        if lost > 0 {
            logger.error(
                "windows left the history before their flows were sent on; keep more windows",
                metadata: ["windows": "\(lost)"])
        }
        let due = schedule.dueSeconds(fillingSeconds: filling)
        guard let block = schedule.nextBlock(filled: filled[...], done: done, due: due) else { return nil }
        return (block, history.sumReader(from: block.startSeconds, before: block.endSeconds))
    }

    /// In as many requests as it takes; only the flows of one are in memory.
    private func send(_ flows: consuming FlowSumReader, of block: EmissionBlock) async -> Outcome {
        while flows.remaining > 0 {
            let piece = flows.next(limit: configuration.maximumBodyFlows)
            var next = 0
            while next < piece.count {
                let part = FlowLines.body(of: piece, from: next, maximumBytes: configuration.maximumBodyBytes)
                let outcome = await send(ByteBuffer(bytes: part.bytes), of: block)
                guard outcome == .taken else {
                    let rest = piece.count - next + flows.remaining
                    if outcome == .givenUp { state.withLock { $0.status.givenUpFlows += UInt64(rest) } }
                    return outcome
                }
                let time = now()
                state.withLock {
                    $0.status.sentFlows += UInt64(part.end - next)
                    $0.status.lastSuccess = time
                }
                next = part.end
            }
        }
        return .taken
    }

    /// One request, with its retries.
    private func send(_ lines: ByteBuffer, of block: EmissionBlock) async -> Outcome {
        var failures = 0
        while !Task.isCancelled, state.withLock(\.status.isOn) {
            if failures > 0 { state.withLock { $0.status.retries += 1 } }
            do {
                try await receiver.send(lines)
                if failures > 0 { log(.notice, "the receiver takes flows again", block, failures) }
                return .taken
            } catch {
                // The end of the service is no failure of the receiver.
                guard !Task.isCancelled else { return .stopped }
                failures += 1
                note(error)
                let chance = Double.random(in: 0...1)
                guard let pause = configuration.retry.pause(afterFailures: failures, chance: chance) else {
                    log(.error, "flows were given up: the receiver did not take them", block, failures, error)
                    return .givenUp
                }
                let level: Logger.Level = failures == 1 ? .warning : .debug
                log(level, "the receiver did not take flows; they are sent again", block, failures, error)
                // Cancelled: the loop's condition sees it.
                try? await sleep(pause)
            }
        }
        return .stopped
    }

    private func log(
        _ level: Logger.Level, _ message: Logger.Message, _ block: EmissionBlock, _ failures: Int,
        _ error: (any Error)? = nil
    ) {
        var metadata: Logger.Metadata = [
            "start": "\(block.startSeconds)", "end": "\(block.endSeconds)", "failures": "\(failures)",
        ]
        if let error { metadata["problem"] = "\("\(error)".printable(limit: 512))" }
        logger.log(level: level, message, metadata: metadata)
    }
}

extension FlowEmitter.State {
    /// Takes note of a history and its windows with flows.
    ///
    /// - Returns: what is done; what was done but lies in the future, and is forgotten; windows lost.
    fileprivate mutating func look(
        at history: FlowHistory, _ filled: [Int64]
    ) -> (done: Int64?, future: Int64?, lost: Int) {
        let future = status.doneSeconds.flatMap { $0 > history.fillingSeconds ? $0 : nil }
        if future != nil { status.doneSeconds = nil }
        let lost = windowsLost(to: history)
        status.lostWindows += UInt64(lost)
        if let done = status.doneSeconds {
            status.lateFlows += UInt64(history.changedRows(endingBy: done, after: seenChange))
        }
        waiting = filled.filter { $0 >= status.doneSeconds ?? .min }
        seenHeadSeconds = history.headSeconds
        seenChange = history.latestChange
        return (status.doneSeconds, future, lost)
    }

    /// Windows that have left the history since the last look and had not been sent. Of windows that came and
    /// left in between nobody knows whether they held flows; they count.
    fileprivate func windowsLost(to history: FlowHistory) -> Int {
        let oldest = history.oldestSeconds
        let sent = status.doneSeconds ?? .min
        let known = waiting.count { $0 >= sent && $0 < oldest }
        guard seenHeadSeconds < oldest else { return known }
        let unseen = (oldest - seenHeadSeconds) / history.windowSeconds - 1
        return known + Int(min(max(0, unseen), Int64(history.windowCount)))
    }
}
