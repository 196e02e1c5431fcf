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
        while !Task.isCancelled, state.withLock(\.status.isOn) {
            let history = source.snapshot()
            guard let block = nextBlock(of: history) else { return }
            let outcome = await send(block, of: history)
            guard outcome != .stopped else { return }
            state.withLock {
                $0.status.doneSeconds = block.endSeconds
                if outcome == .taken { $0.status.sentBlocks += 1 } else { $0.status.givenUpBlocks += 1 }
            }
            await saveProgress(block.endSeconds)
        }
    }

    private func nextBlock(of history: FlowHistory) -> EmissionBlock? {
        let filling = history.fillingSeconds
        guard filling >= settledSeconds else { return nil }
        let filled = history.filledWindows(from: .min, before: .max)
        let (done, future, lost) = state.withLock { state in
            let done = state.status.doneSeconds.flatMap { $0 > filling ? nil : $0 }
            let future = done == nil ? state.status.doneSeconds : nil
            state.status.doneSeconds = done
            let lost = state.windowsLost(to: history)
            state.status.lostWindows += UInt64(lost)
            state.waiting = filled.filter { $0 >= done ?? .min }
            state.seenHeadSeconds = history.headSeconds
            return (done, future, lost)
        }
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
        return schedule.nextBlock(filled: filled, done: done, due: due)
    }

    private func send(_ block: EmissionBlock, of history: FlowHistory) async -> Outcome {
        // By id, which is the order of arrival, so that a block looks the same whenever it is asked for.
        let flows = history.flows(from: block.startSeconds, before: block.endSeconds).sorted { $0.id < $1.id }
        var next = 0
        while next < flows.count {
            let part = FlowLines.body(of: flows, from: next, maximumBytes: configuration.maximumBodyBytes)
            let outcome = await send(ByteBuffer(bytes: part.bytes), of: block)
            guard outcome == .taken else {
                let rest = flows.count - next
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
        return .taken
    }

    /// One request, with its retries.
    private func send(_ lines: ByteBuffer, of block: EmissionBlock) async -> Outcome {
        var failures = 0
        while true {
            do {
                try await receiver.send(lines)
                if failures > 0 { log(.notice, "the receiver takes flows again", block, failures) }
                return .taken
            } catch {
                guard !Task.isCancelled else { return .stopped }
                failures += 1
                note(error)
                guard let pause = configuration.retry.pause(afterFailures: failures) else {
                    log(.error, "flows were given up: the receiver did not take them", block, failures, error)
                    return .givenUp
                }
                let level: Logger.Level = failures == 1 ? .warning : .debug
                log(level, "the receiver did not take flows; they are sent again", block, failures, error)
                // Cancelled: the next line sees it.
                try? await sleep(pause)
                guard !Task.isCancelled, state.withLock(\.status.isOn) else { return .stopped }
                state.withLock { $0.status.retries += 1 }
            }
        }
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
