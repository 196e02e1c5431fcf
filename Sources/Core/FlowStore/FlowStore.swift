// SPDX-License-Identifier: Apache-2.0
//
// FlowStore: bounded history of flow records in fixed-width windows. Insert, roll over, list, hints, windows
// and live changes, and the two ports that adapters conform to (`FlowIngesting`, `FlowQuerying`). No clock:
// time is an argument. No wire format, and no actor: the owner is an aggregator daemon.

public import FlowModel
public import NetworkModel
import PolicyModel

/// Flow history in fixed-width windows (flow API 2.1 to 2.8).
///
/// ```
/// oldest ... 239 more ...  due next   filling    head (future)
/// |-------|------------|---------|------------|------------|
///                                      now
/// ```
/// Memory is bounded by `maximumKeys` keys and one entry (about 57 bytes) per key and window. Inserting a
/// record of a known key takes constant time and does not allocate, but for amortised growth. A copy is a
/// snapshot: queries can run on one while the original goes on; the next insert then pays for copying the
/// window it changes.
public struct FlowStore: Sendable {
    /// What bounds a store.
    public struct Limits: Hashable, Sendable {
        /// Width of a window.
        public var windowSeconds: Int64
        /// One future, one filling, the rest past.
        public var windowCount: Int
        /// Records of further keys are refused.
        public var maximumKeys: Int
        /// Further labels of an endpoint are left out.
        public var maximumLabels: Int
        /// Records of keys with more text than this are refused, bytes of UTF-8.
        public var maximumKeyBytes: Int

        public init(
            windowSeconds: Int64 = 15, windowCount: Int = 242, maximumKeys: Int = 100_000,
            maximumLabels: Int = 128,
            maximumKeyBytes: Int = 32_768
        ) {
            precondition((1...3_600).contains(windowSeconds), "windowSeconds is 1 to 3600")
            precondition((4...60_000).contains(windowCount), "windowCount is 4 to 60000")
            precondition(
                (1..<Int(UInt32.max)).contains(maximumKeys), "maximumKeys is positive and fits 32 bits")
            self.windowSeconds = windowSeconds
            self.windowCount = windowCount
            self.maximumKeys = maximumKeys
            self.maximumLabels = maximumLabels
            self.maximumKeyBytes = maximumKeyBytes
        }
    }

    public let limits: Limits
    /// Start of the future window, Unix seconds.
    public private(set) var headSeconds: Int64
    /// Records stored since the start.
    public private(set) var insertedRecords: UInt64 = 0

    var windows: ContiguousArray<WindowColumns>
    var keys = KeyTable()
    /// Sequence of the latest change.
    private(set) var sequence: UInt64
    /// Before the first change.
    let firstSequence: UInt64
    /// Greatest sequence of a first change in any window that was recycled: readers behind it missed a whole
    /// window.
    private(set) var recycledSequence: UInt64 = 0
    private var refusals = Refusals()

    private struct Refusals {
        var tooOld: UInt64 = 0
        var tooNew: UInt64 = 0
        var keyLimit: UInt64 = 0
        var keySize: UInt64 = 0
    }

    /// An empty store. Sequences start at `now` in microseconds (see `FlowCursor`).
    public init(now: Timestamp, limits: Limits = Limits()) {
        self.limits = limits
        sequence = UInt64(max(0, now.nanoseconds / 1_000))
        firstSequence = sequence
        headSeconds = Self.windowStart(now.seconds, limits.windowSeconds) + limits.windowSeconds
        windows = []
        for _ in 0..<limits.windowCount { windows.append(WindowColumns(startSeconds: 0)) }
        resetWindows()
    }

    /// Number of keys with data in any window.
    public var keyCount: Int { keys.count }
    /// Start of the oldest window, Unix seconds.
    public var oldestSeconds: Int64 { headSeconds - Int64(limits.windowCount - 1) * limits.windowSeconds }
    /// Start of the window that now falls into, Unix seconds.
    public var fillingSeconds: Int64 { headSeconds - limits.windowSeconds }
    /// Start of the window that the next roll-over makes due for streams, Unix seconds.
    public var nextDueSeconds: Int64 { headSeconds - 2 * limits.windowSeconds }

    // MARK: - Ingestion

    /// Adds one record to the window that its time falls into, or counts why not.
    public mutating func insert(_ record: FlowRecord) {
        let seconds = record.time.seconds
        guard seconds >= oldestSeconds else { return refusals.tooOld += 1 }
        guard seconds < headSeconds + limits.windowSeconds else { return refusals.tooNew += 1 }
        guard let slot = slot(of: record.key) else { return }
        let labelSet = keys.labelSet(
            slot, source: record.sourceLabels, destination: record.destinationLabels,
            maximumLabels: limits.maximumLabels)
        insertedRecords += 1
        sequence += 1
        let start = Self.windowStart(seconds, limits.windowSeconds)
        let window = position(start)
        let entry: Int
        let merged: UInt8
        if let known = windows[window].entry(of: slot) {
            entry = known
            merged = keys.intersection(slot, windows[window].labelSets[known], labelSet)
        } else {
            entry = windows[window].append(slot, labelSet: labelSet, sequence: sequence)
            merged = labelSet
            keys.retain(slot)
        }
        let offset = (record.time.nanoseconds - start * 1_000_000_000) / 1_000
        windows[window].add(
            record.counters, to: entry, labelSet: merged, generation: record.generation,
            microseconds: UInt32(clamping: offset), sequence: sequence)
    }

    private mutating func slot(of key: FlowKey) -> UInt32? {
        let hash = key.hashValue
        if let known = keys.slot(of: key, hash: hash) { return known }
        guard keys.count < limits.maximumKeys else {
            refusals.keyLimit += 1
            return nil
        }
        guard key.textBytes <= limits.maximumKeyBytes else {
            refusals.keySize += 1
            return nil
        }
        return keys.add(key, hash: hash)
    }

    // MARK: - Roll-over

    /// Makes the ring fit the time: for each window boundary that was passed, the oldest window is emptied
    /// and becomes the future one. Returns the starts of the windows that came due for streams, oldest first.
    ///
    /// A clock that jumped further than the ring reaches, either way, empties it; nothing comes due then.
    @discardableResult
    public mutating func rollOver(now: Timestamp) -> [Int64] {
        let span = Int64(limits.windowCount) * limits.windowSeconds
        guard now.seconds >= oldestSeconds, now.seconds - headSeconds < span else {
            headSeconds = Self.windowStart(now.seconds, limits.windowSeconds) + limits.windowSeconds
            for index in windows.indices { recycle(index, startSeconds: 0) }
            resetWindows()
            return []
        }
        var due: [Int64] = []
        while now.seconds >= headSeconds {
            due.append(nextDueSeconds)
            let window = position(oldestSeconds)
            headSeconds += limits.windowSeconds
            recycle(window, startSeconds: headSeconds)
        }
        guard !due.isEmpty else { return [] }
        // The future, the filling and two past windows stay open: records are often a little late.
        for index in windows.indices
        where windows[index].startSeconds < headSeconds - 3 * limits.windowSeconds {
            windows[index].seal()
        }
        return due
    }

    private mutating func recycle(_ window: Int, startSeconds: Int64) {
        recycledSequence = max(recycledSequence, windows[window].firstSequence)
        for slot in windows[window].slots { keys.release(slot) }
        windows[window] = WindowColumns(startSeconds: startSeconds)
    }

    private mutating func resetWindows() {
        var start = oldestSeconds
        while start <= headSeconds {
            windows[position(start)] = WindowColumns(startSeconds: start)
            start += limits.windowSeconds
        }
    }

    // MARK: - The ring

    /// Start of the window that holds a time, Unix seconds.
    static func windowStart(_ seconds: Int64, _ width: Int64) -> Int64 {
        let rest = seconds % width
        return rest < 0 ? seconds - rest - width : seconds - rest
    }

    /// Where the window with this start is in `windows`.
    func position(_ startSeconds: Int64) -> Int {
        let index = (startSeconds / limits.windowSeconds) % Int64(limits.windowCount)
        return Int(index < 0 ? index + Int64(limits.windowCount) : index)
    }

    /// Positions of the windows that start in `range`, oldest first.
    func positions(from: Int64, before: Int64) -> [Int] {
        let first = from <= oldestSeconds ? oldestSeconds : ceiling(from)
        return stride(from: first, to: min(before, headSeconds + 1), by: Int(limits.windowSeconds))
            .map(position)
    }

    private func ceiling(_ seconds: Int64) -> Int64 {
        guard seconds <= headSeconds else { return headSeconds + 1 }
        let start = Self.windowStart(seconds, limits.windowSeconds)
        return start == seconds ? start : start + limits.windowSeconds
    }
}

// MARK: - Losses

extension FlowStore {
    /// What could not be kept, totals since the start.
    public var losses: [EventLoss] {
        [
            EventLoss(
                name: "flow_records_too_old_total", count: refusals.tooOld,
                help:
                    "Flow records from before the oldest window. Check the sending node's clock."),
            EventLoss(
                name: "flow_records_too_new_total", count: refusals.tooNew,
                help: "Flow records from after the future window. Check the sending node's clock."
            ),
            EventLoss(
                name: "flow_records_over_key_limit_total", count: refusals.keyLimit,
                help:
                    "Flow records of new keys beyond the limit of \(limits.maximumKeys). Raise the limit."
            ),
            EventLoss(
                name: "flow_records_oversized_total", count: refusals.keySize,
                help:
                    "Flow records with over \(limits.maximumKeyBytes) bytes of names. Check the sender."
            ),
            EventLoss(
                name: "flow_label_sets_dropped_total", count: keys.refusedLabelSets,
                help:
                    "Label sets of a key beyond \(KeyTable.maximumLabelSets); their records count unlabelled."
            ),
        ]
    }
}

extension FlowKey {
    /// UTF-8 bytes of everything in the key that has no fixed size.
    var textBytes: Int {
        func size(_ hits: [PolicyHit]) -> Int {
            hits.reduce(hits.count * 32) { sum, hit in
                let names =
                    switch hit.place {
                    case .rule(let id, _), .endOfTier(let id): id.name.utf8.count + id.namespace.utf8.count
                    case .profileRule(let name, _): name.utf8.count
                    case .noProfileMatch: 0
                    }
                return sum + hit.tier.utf8.count + names
            }
        }
        let texts = [
            source.name, source.namespace, destination.name, destination.namespace, service.name,
            service.namespace,
            service.portName, transport,
        ]
        return texts.reduce(size(trace.enforced) + size(trace.pending)) { $0 + $1.utf8.count }
    }
}
