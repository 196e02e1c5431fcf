// SPDX-License-Identifier: Apache-2.0

import FlowModel
public import NetworkModel

/// A window that is to be packed. Packing takes a while, so its owner does it beside the store:
/// `store.nextSealing()`, `sealing.pack()`, `store.finish(sealing)`.
public struct FlowSealing: Sendable {
    fileprivate let window: OpenWindow
    fileprivate var packed: SealedWindow?

    /// Takes 20 to 50 ns a row.
    public mutating func pack() { packed = SealedWindow(packing: window) }
}

extension FlowStore {
    /// Late windows that are open at a time, beside the four that records are expected for.
    private static let maximumLateWindows = 8
    /// Slots looked at in one roll-over; `reclaim` does the rest.
    private static let reclaimLimit = 4_096

    /// Makes the ring fit the time: for each window boundary that was passed, the oldest window leaves and a
    /// future one begins. Returns the starts of the windows that came due for streams, oldest first.
    ///
    /// A clock that jumped further than the ring reaches, either way, empties it; nothing comes due then.
    /// Complexity: O(windows passed); what leaves is freed by `reclaim`.
    @discardableResult
    public mutating func rollOver(now: Timestamp) -> [Int64] {
        let width = limits.windowSeconds
        let span = Int64(limits.windowCount) * width
        deliveries.expire(now: now.seconds)
        guard now.seconds >= history.ringStartSeconds, now.seconds - history.headSeconds < span else {
            restart(now: now)
            return []
        }
        var due: [Int64] = []
        while now.seconds >= history.headSeconds {
            due.append(history.nextDueSeconds)
            history.headSeconds += width
            while history.oldestSeconds < history.ringStartSeconds { dropOldest() }
        }
        guard !due.isEmpty else { return [] }
        reclaim(limit: Self.reclaimLimit)
        keys.sweepLabels(oldest: history.oldestSeconds, limit: Self.reclaimLimit, &history.columns)
        return due
    }

    private mutating func restart(now: Timestamp) {
        while history.oldestSeconds <= history.headSeconds { dropOldest() }
        let width = limits.windowSeconds
        history.headSeconds = FlowHistory.windowStart(now.seconds, width) + width
        history.oldestSeconds = history.ringStartSeconds
        history.recycledSequence = max(history.recycledSequence, history.sequence)
        // Windows of another time say nothing about these keys.
        reclaim(limit: .max, everything: true)
    }

    // MARK: - Leaving

    private mutating func dropOldest() {
        let start = history.oldestSeconds
        history.oldestSeconds += limits.windowSeconds
        let position = history.position(start)
        if let sealed = history.sealed[position], sealed.startSeconds == start {
            note(leaving: sealed.slots, sealed.count, sealed.firstSequence)
            history.sealed[position] = nil
        }
        if let place = history.open.firstIndex(where: { $0.startSeconds == start }) {
            let window = history.open.remove(at: place)
            note(leaving: window.slots, window.count, window.firstSequence)
        }
    }

    private mutating func note(leaving slots: SlotSet, _ count: Int, _ firstSequence: UInt64) {
        history.recycledSequence = max(history.recycledSequence, firstSequence)
        rowCount -= count
        leaving.append(slots)
    }

    /// Frees keys that have no window any more, looking at no more than about `limit` slots. Returns whether
    /// there is more to do. Its owner calls it until there is not, in pieces, so that nobody waits.
    @discardableResult
    public mutating func reclaim(limit: Int) -> Bool { reclaim(limit: limit, everything: false) }

    @discardableResult
    private mutating func reclaim(limit: Int, everything: Bool) -> Bool {
        var looked = 0
        while let slots = leaving.first, looked < limit {
            while leavingWord < slots.words.count, looked < limit {
                var word = slots.words[leavingWord]
                looked += max(1, word.nonzeroBitCount)
                while word != 0 {
                    let slot = leavingWord << 6 | word.trailingZeroBitCount
                    word &= word - 1
                    if everything || keys.newest[slot] < history.oldestSeconds {
                        keys.remove(UInt32(slot), &history.columns)
                    }
                }
                leavingWord += 1
            }
            guard leavingWord >= slots.words.count else { break }
            leaving.removeFirst()
            leavingWord = 0
        }
        history.keyCount = keys.count
        return !leaving.isEmpty
    }

    // MARK: - Room

    /// Makes room for one more key, if the sender may have it, by letting the oldest windows go.
    mutating func makeRoomForKey(sender: UInt32, keeping seconds: Int64) -> Bool {
        let held = keys.count(origin: sender)
        if sender != 0, held >= max(1, limits.maximumKeys / 100 * limits.maximumKeyShare) {
            refusals.keyShare += 1
            return false
        }
        guard keys.count >= limits.maximumKeys else { return true }
        // One that already has more than an even part does not push out the others.
        if sender != 0, keys.originCount > 1, held > limits.maximumKeys / keys.originCount {
            refusals.keyShare += 1
            return false
        }
        while keys.count >= limits.maximumKeys {
            if reclaim(limit: 65_536) { continue }
            guard keys.count >= limits.maximumKeys else { break }
            guard history.oldestSeconds < min(history.nextDueSeconds, seconds - limits.windowSeconds) else {
                refusals.keyLimit += 1
                return false
            }
            dropOldestWithData()
        }
        return true
    }

    /// Makes room for one more row by letting the oldest windows go.
    @inline(__always)
    mutating func makeRoomForRow(in start: Int64) -> Bool {
        rowCount < limits.maximumRows || makeRoomForRowSlowly(in: start)
    }

    private mutating func makeRoomForRowSlowly(in start: Int64) -> Bool {
        while rowCount >= limits.maximumRows {
            guard history.oldestSeconds < min(history.nextDueSeconds, start) else {
                refusals.rowLimit += 1
                return false
            }
            dropOldestWithData()
        }
        return true
    }

    /// Lets the oldest windows go until one that had data went, or only the newest are left.
    private mutating func dropOldestWithData() {
        let before = rowCount
        while rowCount == before, history.oldestSeconds < history.nextDueSeconds { dropOldest() }
        if rowCount < before { refusals.earlyWindows += 1 }
    }

    // MARK: - Open and sealed

    /// Where the window with this start is among the open ones, opening it when it is not.
    @inline(__always)
    mutating func openPlace(_ start: Int64) -> Int? {
        for place in history.open.indices where history.open[place].startSeconds == start { return place }
        return open(start)
    }

    private mutating func open(_ start: Int64) -> Int? {
        guard start >= history.oldestSeconds else {
            refusals.tooOld += 1
            return nil
        }
        let position = history.position(start)
        if let sealed = history.sealed[position], sealed.startSeconds == start {
            history.open.append(OpenWindow(sealed))
            history.sealed[position] = nil
        } else {
            history.open.append(OpenWindow(startSeconds: start))
        }
        let late = history.open.filter { isLate($0) && $0.startSeconds != start }
        if late.count >= Self.maximumLateWindows,
            let stalest = late.min(by: { $0.lastSequence < $1.lastSequence })
        {
            seal(stalest.startSeconds, SealedWindow(packing: stalest))
        }
        return history.open.firstIndex { $0.startSeconds == start }
    }

    /// The future, the filling and two past windows stay open: records are often a little late.
    private func isLate(_ window: OpenWindow) -> Bool {
        window.startSeconds < history.headSeconds - 3 * limits.windowSeconds
    }

    private mutating func seal(_ start: Int64, _ packed: SealedWindow) {
        history.open.removeAll { $0.startSeconds == start }
        if packed.count > 0 { history.sealed[history.position(start)] = packed }
    }

    /// A window that no more records are expected for; nil when there is none.
    public func nextSealing() -> FlowSealing? {
        history.open.first(where: isLate).map { FlowSealing(window: $0) }
    }

    /// Takes a packed window over. False when it changed meanwhile: then it stays as it is.
    @discardableResult
    public mutating func finish(_ sealing: FlowSealing) -> Bool {
        let start = sealing.window.startSeconds
        guard let packed = sealing.packed,
            let place = history.open.firstIndex(where: { $0.startSeconds == start }),
            history.open[place].lastSequence == sealing.window.lastSequence
        else { return false }
        seal(start, packed)
        return true
    }

    /// Packs every window that no more records are expected for, at once.
    public mutating func sealAll() {
        while var sealing = nextSealing() {
            sealing.pack()
            finish(sealing)
        }
    }
}
