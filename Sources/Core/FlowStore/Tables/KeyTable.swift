// SPDX-License-Identifier: Apache-2.0

import FlowModel

/// A flow key with its texts by number: its identity, with nothing else.
struct KeyCode: Hashable, BitwiseCopyable, Sendable {
    var sourceName: UInt32 = 0
    var sourceNamespace: UInt32 = 0
    var destinationName: UInt32 = 0
    var destinationNamespace: UInt32 = 0
    var serviceName: UInt32 = 0
    var serviceNamespace: UInt32 = 0
    var servicePortName: UInt32 = 0
    var transport: UInt32 = 0
    var trace: UInt32 = 0
    var sourceType: FlowEndpointType = .unspecified
    var destinationType: FlowEndpointType = .unspecified
    var reporter: FlowReporter = .unspecified
    var action: FlowAction = .unspecified
    var destinationPort: Int64 = 0
    var servicePort: Int64 = 0
}

/// What is kept of a flow key beside its windows.
struct KeyRow: BitwiseCopyable, Sendable {
    var code = KeyCode()
    /// 1, 2, 3, ... in order of first arrival; 0 when the slot is free.
    var id: UInt64 = 0
    /// Lists of the newest record.
    var sourceLabels: UInt32 = 0
    var destinationLabels: UInt32 = 0
    /// Where its sampled addresses are; `KeyRow.noSample` when none is known.
    var sample: UInt32 = Self.noSample

    static let noSample = UInt32.max
}

/// Addresses of some connections of a key, newest last.
struct AddressSample: Sendable {
    var pairs: [FlowAddresses] = []
}

/// Flow keys by slot, with everything that their numbers stand for. A copy is a snapshot.
struct KeyColumns: Sendable {
    var texts = StringColumn(filler: "")
    var traces = TraceColumns()
    var labels = LabelColumn(pageShift: 6, filler: LabelRow())
    var keys = PagedArray<KeyRow>(filler: KeyRow())
    var samples = PagedArray<AddressSample>(pageShift: 6, filler: AddressSample())

    /// One more than the greatest slot.
    var slotCount: Int { keys.count }

    func key(_ slot: Int) -> FlowKey {
        let code = keys[slot].code
        return FlowKey(
            source: FlowEndpoint(
                type: code.sourceType, name: texts[code.sourceName], namespace: texts[code.sourceNamespace]),
            destination: FlowEndpoint(
                type: code.destinationType, name: texts[code.destinationName],
                namespace: texts[code.destinationNamespace]),
            destinationPort: code.destinationPort,
            service: FlowService(
                name: texts[code.serviceName], namespace: texts[code.serviceNamespace],
                portName: texts[code.servicePortName], port: code.servicePort),
            transport: texts[code.transport], reporter: code.reporter, action: code.action,
            trace: traces.traces[code.trace].trace)
    }

    func addresses(_ slot: Int) -> [FlowAddresses] {
        let sample = keys[slot].sample
        return sample == KeyRow.noSample ? [] : samples[sample].pairs
    }
}

/// The writing side of flow keys: interned to small numbers ("slots").
///
///     FlowKey ──▶ numbers of its texts and traces ──▶ slot ──▶ id, labels, addresses
///
/// A slot lives while a window holds data of its key; then its number is used again. Hashing is the standard
/// library's, seeded per process, so keys cannot be chosen to collide.
struct KeyTable: Sendable {
    /// Addresses kept for a key.
    static let maximumAddresses = 8

    private var slots: [KeyCode: UInt32] = [:]
    private var pool = NumberPool()
    private var samplePool = NumberPool()
    private var strings = StringInterner()
    private var traces = TraceInterner()
    private(set) var labels: LabelInterner
    /// Start of the newest window with data, by slot, Unix seconds.
    private(set) var newest: ContiguousArray<Int64> = []
    /// Whose record brought the key, by slot.
    private var origins: ContiguousArray<UInt32> = []
    private var keysByOrigin: [UInt32: Int] = [:]
    private var nextID: UInt64 = 1

    init(_ columns: inout KeyColumns) { labels = LabelInterner(&columns.labels) }

    var count: Int { pool.count }
    var stringBytes: Int { strings.byteCount }
    var traceCount: Int { traces.traceCount }

    @inline(__always)
    func serial(_ slot: UInt32) -> UInt32 { pool.serial(slot) }

    /// Origins that have keys.
    var originCount: Int { keysByOrigin.count }

    /// Keys that records of this origin brought.
    func count(origin: UInt32) -> Int { keysByOrigin[origin] ?? 0 }

    /// The slot of a known key, or a way to add it. Call exactly one of `add` and `discard` with the answer.
    mutating func lookUp(_ key: FlowKey, _ columns: inout KeyColumns) -> (code: KeyCode, slot: UInt32?) {
        var code = KeyCode()
        func intern(_ text: String) -> UInt32 { strings.intern(text, &columns.texts) }
        code.sourceName = intern(key.source.name)
        code.sourceNamespace = intern(key.source.namespace)
        code.destinationName = intern(key.destination.name)
        code.destinationNamespace = intern(key.destination.namespace)
        code.serviceName = intern(key.service.name)
        code.serviceNamespace = intern(key.service.namespace)
        code.servicePortName = intern(key.service.portName)
        code.transport = intern(key.transport)
        code.trace = traces.intern(key.trace, &columns.traces, &strings, &columns.texts)
        code.sourceType = key.source.type
        code.destinationType = key.destination.type
        code.reporter = key.reporter
        code.action = key.action
        code.destinationPort = key.destinationPort
        code.servicePort = key.service.port
        return (code, slots[code])
    }

    /// Gives the key of `lookUp` a slot.
    mutating func add(_ code: KeyCode, origin: UInt32, _ columns: inout KeyColumns) -> UInt32 {
        let (slot, isNew) = pool.take()
        var row = KeyRow()
        row.code = code
        row.id = takeID()
        if isNew {
            columns.keys.append(row)
            newest.append(.min)
            origins.append(origin)
        } else {
            columns.keys[slot] = row
            newest[Int(slot)] = .min
            origins[Int(slot)] = origin
        }
        slots[code] = slot
        keysByOrigin[origin, default: 0] += 1
        return slot
    }

    /// Gives back what `lookUp` took: its key has a slot, or gets none.
    mutating func discard(_ code: KeyCode, _ columns: inout KeyColumns) {
        for text in [
            code.sourceName, code.sourceNamespace, code.destinationName, code.destinationNamespace,
            code.serviceName, code.serviceNamespace, code.servicePortName, code.transport,
        ] {
            strings.release(text, &columns.texts)
        }
        traces.release(code.trace, &columns.traces, &strings, &columns.texts)
    }

    /// Notes that a window got data of the key. A key whose windows had all left gets a new id.
    @inline(__always)
    mutating func use(_ slot: UInt32, window start: Int64, oldest: Int64, _ columns: inout KeyColumns) {
        let last = newest[Int(slot)]
        if last < oldest, last != .min { columns.keys[slot].id = takeID() }
        if last < start { newest[Int(slot)] = start }
    }

    /// Frees a slot.
    mutating func remove(_ slot: UInt32, _ columns: inout KeyColumns) {
        let row = columns.keys[slot]
        guard row.id != 0 else { return }
        slots[row.code] = nil
        discard(row.code, &columns)
        if row.sample != KeyRow.noSample {
            columns.samples[row.sample] = AddressSample()
            _ = samplePool.release(row.sample)
        }
        let origin = origins[Int(slot)]
        if let count = keysByOrigin[origin] { keysByOrigin[origin] = count > 1 ? count - 1 : nil }
        columns.keys[slot] = KeyRow()
        _ = pool.release(slot)
    }

    private mutating func takeID() -> UInt64 {
        defer { nextID += 1 }
        return nextID
    }

    // MARK: - Labels and addresses

    mutating func labelList(
        _ labels: [String], maximum: Int, window start: Int64, _ columns: inout KeyColumns
    ) -> UInt32 {
        self.labels.intern(
            labels, maximum: maximum, window: start, &columns.labels, &strings, &columns.texts)
    }

    mutating func labelIntersection(
        _ left: UInt32, _ right: UInt32, window start: Int64, _ columns: inout KeyColumns
    ) -> UInt32 {
        labels.intersection(left, right, window: start, &columns.labels, &strings, &columns.texts)
    }

    @inline(__always)
    mutating func useLabels(_ list: UInt32, window start: Int64) { labels.use(list, window: start) }

    mutating func sweepLabels(oldest: Int64, limit: Int, _ columns: inout KeyColumns) {
        labels.sweep(oldest: oldest, limit: limit, &columns.labels, &strings, &columns.texts)
    }

    /// Adds to the key's sample: distinct pairs, the oldest leaves first.
    mutating func sample(_ pair: FlowAddresses, _ slot: UInt32, _ columns: inout KeyColumns) {
        var place = columns.keys[slot].sample
        if place == KeyRow.noSample {
            let (number, isNew) = samplePool.take()
            if isNew { columns.samples.append(AddressSample()) }
            columns.keys[slot].sample = number
            place = number
        }
        guard columns.samples[place].pairs.last != pair else { return }
        columns.samples[place].pairs.removeAll { $0 == pair }
        if columns.samples[place].pairs.count >= Self.maximumAddresses {
            columns.samples[place].pairs.removeFirst()
        }
        columns.samples[place].pairs.append(pair)
    }
}
