// SPDX-License-Identifier: Apache-2.0
//
// FlowStore: bounded history of flow records in fixed-width windows. Ingest, roll over, and what bounds both; what
// can be asked is in Queries, and the two ports that adapters conform to (`FlowIngesting`, `FlowQuerying`). No
// clock: time is an argument. No wire format: encoded keys are bytes that came before. No actor: the owner is an
// aggregator daemon.

public import FlowModel
public import NetworkModel

/// Flow history in fixed-width windows (flow API 2.1 to 2.8): the writing side.
///
/// Records are added to `history`, whose copy is a snapshot that queries run on. Adding a record of a known key
/// takes constant time and does not allocate, but for what a snapshot shares. Memory is bounded by `Limits`.
public struct FlowStore: Sendable {
    public let limits: FlowStoreLimits
    /// What is known; a copy is a snapshot.
    public internal(set) var history: FlowHistory
    /// Records stored since the start.
    public internal(set) var insertedRecords: UInt64 = 0
    /// Rows of all windows.
    public internal(set) var rowCount = 0

    var keys: KeyTable
    var deliveries: DeliveryMemory
    var keyAliases: AliasTable
    var labelAliases: AliasTable
    var labelPairs = LabelPairs()
    var refusals = FlowRefusals()
    /// Slots of windows that left, some of which are to be freed.
    var leaving: [SlotSet] = []
    var leavingWord = 0

    /// An empty store. Sequences start at `now` in microseconds (see `FlowCursor`).
    public init(now: Timestamp, limits: FlowStoreLimits = FlowStoreLimits()) {
        self.limits = limits
        var columns = KeyColumns()
        keys = KeyTable(&columns)
        history = FlowHistory(
            now: now, windowSeconds: limits.windowSeconds, windowCount: limits.windowCount, columns: columns)
        deliveries = DeliveryMemory(
            now: now.seconds, lifetimeSeconds: limits.deliveryMemorySeconds,
            maximumEntries: limits.maximumDeliveries)
        keyAliases = AliasTable(maximumBytes: limits.maximumAliasBytes)
        labelAliases = AliasTable(maximumBytes: limits.maximumAliasBytes)
    }

    // MARK: - Ingestion

    /// Adds one record to the window that its time falls into, or counts why not.
    ///
    /// `sender` tells who delivers it, for deliveries that are repeated and for the share of keys; 0 is this
    /// process, which does neither. `endSeconds` is the end of the record's span as the sender has it. `alias`
    /// are the bytes that the record was decoded from: they are known from then on.
    @discardableResult
    public mutating func insert(
        _ record: FlowRecord, sender: UInt32 = 0, endSeconds: Int64? = nil, alias: EncodedFlow? = nil
    ) -> FlowInsertion {
        let seconds = record.time.seconds
        guard isInRing(seconds) else { return .refused }
        guard let slot = slot(of: record.key, sender: sender, seconds: seconds) else { return .refused }
        let serial = keys.serial(slot)
        if let alias { keyAliases.set(alias.key, UInt64(serial) << 32 | UInt64(slot)) }
        guard
            !deliveries.isRepeat(
                sender: sender, slot: slot, serial: serial, start: seconds, end: endSeconds ?? seconds)
        else { return .repeated }
        let start = FlowHistory.windowStart(seconds, limits.windowSeconds)
        let source = keys.labelList(
            record.sourceLabels, maximum: limits.maximumLabels, window: start, &history.columns)
        let destination = keys.labelList(
            record.destinationLabels, maximum: limits.maximumLabels, window: start, &history.columns)
        if let alias {
            let pair = labelPairs.add(
                source, keys.labels.serial(source), destination, keys.labels.serial(destination))
            labelAliases.set(alias.labels, pair)
        }
        let microseconds = (record.time.nanoseconds - start * 1_000_000_000) / 1_000
        let isStored = add(
            record.counters, to: slot, source: source, destination: destination, window: start,
            microseconds: UInt32(clamping: microseconds), generation: record.generation)
        if isStored, let addresses = record.addresses { keys.sample(addresses, slot, &history.columns) }
        return isStored ? .stored : .refused
    }

    /// Adds a record in encoded form when its bytes are known; the fast way of `insert`.
    ///
    /// - Returns: `.unknown`, without having done anything, when they are not: decode and insert the record.
    @inline(__always)
    public mutating func insert(_ flow: EncodedFlow, sender: UInt32) -> FlowInsertion {
        guard isInRing(flow.startSeconds) else { return .refused }
        guard let known = keyAliases.value(flow.key) else { return .unknown }
        let slot = UInt32(truncatingIfNeeded: known)
        let serial = UInt32(truncatingIfNeeded: known >> 32)
        guard keys.serial(slot) == serial else { return .unknown }
        guard let pair = labelAliases.value(flow.labels),
            let (source, destination) = labelPairs.lists(pair, keys.labels)
        else { return .unknown }
        guard
            !deliveries.isRepeat(
                sender: sender, slot: slot, serial: serial, start: flow.startSeconds, end: flow.endSeconds)
        else { return .repeated }
        let start = FlowHistory.windowStart(flow.startSeconds, limits.windowSeconds)
        let isStored = add(
            flow.counters, to: slot, source: source, destination: destination, window: start,
            microseconds: UInt32(truncatingIfNeeded: (flow.startSeconds - start) * 1_000_000), generation: 0)
        return isStored ? .stored : .refused
    }

    @inline(__always)
    private mutating func isInRing(_ seconds: Int64) -> Bool {
        guard seconds >= history.oldestSeconds else {
            refusals.tooOld += 1
            return false
        }
        guard seconds < history.headSeconds + limits.windowSeconds else {
            refusals.tooNew += 1
            return false
        }
        return true
    }

    private mutating func slot(of key: FlowKey, sender: UInt32, seconds: Int64) -> UInt32? {
        guard key.textBytes <= limits.maximumKeyBytes else {
            refusals.keySize += 1
            return nil
        }
        let (code, known) = keys.lookUp(key, &history.columns)
        if let known {
            keys.discard(code, &history.columns)
            return known
        }
        guard makeRoomForKey(sender: sender, keeping: seconds) else {
            keys.discard(code, &history.columns)
            return nil
        }
        defer { history.keyCount = keys.count }
        return keys.add(code, origin: sender, &history.columns)
    }

    @inline(__always)
    private mutating func add(
        _ counters: FlowCounters, to slot: UInt32, source: UInt32, destination: UInt32, window start: Int64,
        microseconds: UInt32, generation: UInt64
    ) -> Bool {
        guard var place = openPlace(start) else { return false }
        let known = history.open[place].row(Int(slot))
        var (rowSource, rowDestination) = (source, destination)
        if let known {
            if known.sourceLabels != source {
                rowSource = keys.labelIntersection(
                    known.sourceLabels, source, window: start, &history.columns)
            }
            if known.destinationLabels != destination {
                rowDestination = keys.labelIntersection(
                    known.destinationLabels, destination, window: start, &history.columns)
            }
        } else {
            // Windows that leave for it change the places of the others.
            guard makeRoomForRow(in: start), let stillThere = openPlace(start) else { return false }
            place = stillThere
            rowCount += 1
            keys.use(slot, window: start, oldest: history.oldestSeconds, &history.columns)
        }
        if known == nil || known?.sourceLabels != rowSource { keys.useLabels(rowSource, window: start) }
        if known == nil || known?.destinationLabels != rowDestination {
            keys.useLabels(rowDestination, window: start)
        }
        noteLabels(slot, source, destination, window: start)
        insertedRecords += 1
        history.sequence += 1
        history.open[place].update(Int(slot), sequence: history.sequence) { row in
            row.add(counters)
            row.sourceLabels = rowSource
            row.destinationLabels = rowDestination
            row.activity = max(row.activity, microseconds)
            row.generation = max(row.generation, generation)
        }
        return true
    }

    /// The key's newest labels are what conditions on labels look at.
    @inline(__always)
    private mutating func noteLabels(
        _ slot: UInt32, _ source: UInt32, _ destination: UInt32, window start: Int64
    ) {
        let row = history.columns.keys[slot]
        guard row.sourceLabels != source || row.destinationLabels != destination else { return }
        guard start >= keys.newest[Int(slot)] else { return }
        history.columns.keys[slot].sourceLabels = source
        history.columns.keys[slot].destinationLabels = destination
        keys.useLabels(source, window: start)
        keys.useLabels(destination, window: start)
    }
}

/// What became of a record.
public enum FlowInsertion: Hashable, Sendable {
    case stored
    /// It came before from the same sender.
    case repeated
    /// It could not be kept; the losses say why.
    case refused
    /// Its bytes are not known.
    case unknown
}

/// A flow record whose key and labels are still encoded, in whichever form: equal bytes mean equal keys.
///
/// The bytes must stay where they are for as long as the value is used.
public struct EncodedFlow {
    public var key: UnsafeRawBufferPointer
    /// Of both ends together.
    public var labels: UnsafeRawBufferPointer
    /// Picks the window, Unix seconds.
    public var startSeconds: Int64
    /// Unix seconds.
    public var endSeconds: Int64
    public var counters: FlowCounters

    public init(
        key: UnsafeRawBufferPointer, labels: UnsafeRawBufferPointer, startSeconds: Int64, endSeconds: Int64,
        counters: FlowCounters
    ) {
        self.key = key
        self.labels = labels
        self.startSeconds = startSeconds
        self.endSeconds = endSeconds
        self.counters = counters
    }
}

extension FlowKey {
    /// UTF-8 bytes of everything in the key that has no fixed size.
    var textBytes: Int {
        func size(_ hits: [FlowHit]) -> Int {
            hits.reduce(hits.count * 32) { sum, hit in
                let trigger = hit.trigger
                return sum + hit.tier.utf8.count + hit.name.utf8.count + hit.namespace.utf8.count
                    + (trigger?.tier.utf8.count ?? 0) + (trigger?.name.utf8.count ?? 0)
                    + (trigger?.namespace.utf8.count ?? 0)
            }
        }
        return size(trace.enforced) + size(trace.pending) + source.name.utf8.count
            + source.namespace.utf8.count + destination.name.utf8.count + destination.namespace.utf8.count
            + service.name.utf8.count + service.namespace.utf8.count + service.portName.utf8.count
            + transport.utf8.count
    }
}
