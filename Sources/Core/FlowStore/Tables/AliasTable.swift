// SPDX-License-Identifier: Apache-2.0

/// Remembers what encoded bytes stood for, so that bytes that come again need not be decoded.
///
/// ```
/// hash ──▶ places (open addressing) ──▶ entry: hash, where its bytes are, what they stand for
///                                              └─▶ chunks of bytes
/// ```
/// Bounded by bytes: two generations, of which the older is forgotten when the newer is full. Forgetting costs
/// decoding once more, nothing else. Bytes are compared as a whole, so a hash that collides is harmless.
struct AliasTable: Sendable {
    fileprivate static let none = UInt32.max
    private static let chunkBytes = 1 << 20

    fileprivate struct Entry: BitwiseCopyable, Sendable {
        var hash: UInt64
        var value: UInt64
        var chunk: UInt32
        var offset: UInt32
        var count: UInt32
    }

    fileprivate struct Generation: Sendable {
        var places = ContiguousArray<UInt32>(repeating: AliasTable.none, count: 1_024)
        var entries: ContiguousArray<Entry> = []
        var chunks: ContiguousArray<ContiguousArray<UInt8>> = []
        var byteCount = 0

        func find(_ bytes: UnsafeRawBufferPointer, hash: UInt64) -> Int? {
            let mask = places.count - 1
            var place = Int(truncatingIfNeeded: hash) & mask
            while true {
                let number = places[place]
                if number == AliasTable.none { return nil }
                let entry = entries[Int(number)]
                if entry.hash == hash, isEqual(entry, bytes) { return Int(number) }
                place = (place + 1) & mask
            }
        }

        @inline(__always)
        private func isEqual(_ entry: Entry, _ bytes: UnsafeRawBufferPointer) -> Bool {
            guard Int(entry.count) == bytes.count else { return false }
            return chunks[Int(entry.chunk)].withUnsafeBytes { chunk in
                let start = Int(entry.offset)
                let kept = UnsafeRawBufferPointer(rebasing: chunk[start..<(start + bytes.count)])
                return haveEqualBytes(kept, bytes)
            }
        }

        mutating func add(_ bytes: UnsafeRawBufferPointer, hash: UInt64, value: UInt64) {
            if (entries.count + 1) * 4 > places.count * 3 { grow() }
            let room = chunks.last.map { $0.capacity - $0.count } ?? 0
            if chunks.isEmpty || room < bytes.count {
                var chunk = ContiguousArray<UInt8>()
                chunk.reserveCapacity(max(AliasTable.chunkBytes, bytes.count))
                chunks.append(chunk)
            }
            let last = chunks.count - 1
            let entry = Entry(
                hash: hash, value: value, chunk: UInt32(last), offset: UInt32(chunks[last].count),
                count: UInt32(bytes.count))
            chunks[last].append(contentsOf: bytes)
            byteCount += bytes.count + MemoryLayout<Entry>.stride + 6
            place(UInt32(entries.count), hash)
            entries.append(entry)
        }

        mutating func setValue(_ number: Int, _ value: UInt64) { entries[number].value = value }

        private mutating func place(_ number: UInt32, _ hash: UInt64) {
            let mask = places.count - 1
            var place = Int(truncatingIfNeeded: hash) & mask
            while places[place] != AliasTable.none { place = (place + 1) & mask }
            places[place] = number
        }

        private mutating func grow() {
            places = ContiguousArray(repeating: AliasTable.none, count: places.count * 2)
            for (number, entry) in entries.enumerated() { place(UInt32(number), entry.hash) }
        }
    }

    private let hash = ByteHash()
    private let maximumBytes: Int
    private var current = Generation()
    private var previous = Generation()
    /// Times that a generation was forgotten.
    private(set) var turnovers: UInt64 = 0

    /// `maximumBytes` is for both generations together.
    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    var byteCount: Int { current.byteCount + previous.byteCount }

    /// What the bytes stand for; nil when they are not known.
    @inline(__always)
    mutating func value(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        let hash = hash(bytes)
        if let known = current.find(bytes, hash: hash) { return current.entryValue(known) }
        guard previous.byteCount > 0, let known = previous.find(bytes, hash: hash) else { return nil }
        let value = previous.entryValue(known)
        insert(bytes, hash, value)
        return value
    }

    /// Says what the bytes stand for from now on. Bytes that are longer than a chunk are not remembered.
    mutating func set(_ bytes: UnsafeRawBufferPointer, _ value: UInt64) {
        guard bytes.count <= Self.chunkBytes else { return }
        let hash = hash(bytes)
        if let known = current.find(bytes, hash: hash) { return current.setValue(known, value) }
        insert(bytes, hash, value)
    }

    private mutating func insert(_ bytes: UnsafeRawBufferPointer, _ hash: UInt64, _ value: UInt64) {
        if current.byteCount + bytes.count > maximumBytes / 2 {
            previous = current
            current = Generation()
            turnovers += 1
        }
        current.add(bytes, hash: hash, value: value)
    }
}

extension AliasTable.Generation {
    @inline(__always)
    fileprivate func entryValue(_ number: Int) -> UInt64 { entries[number].value }
}

/// Whether two spans of the same length have the same bytes.
@inline(__always)
func haveEqualBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    typealias Block = SIMD4<UInt64>
    let (count, width) = (left.count, MemoryLayout<Block>.size)
    guard let left = left.baseAddress, let right = right.baseAddress else { return true }
    @inline(__always)
    func difference(_ offset: Int) -> Block {
        left.loadUnaligned(fromByteOffset: offset, as: Block.self)
            ^ right.loadUnaligned(fromByteOffset: offset, as: Block.self)
    }
    guard count >= width else {
        for offset in 0..<count
        where left.load(fromByteOffset: offset, as: UInt8.self)
            != right.load(fromByteOffset: offset, as: UInt8.self)
        { return false }
        return true
    }
    var offset = 0
    while count &- offset >= 2 * width {
        let both = difference(offset) | difference(offset &+ width)
        if both[0] | both[1] | both[2] | both[3] != 0 { return false }
        offset &+= 2 * width
    }
    if count &- offset >= width, difference(offset) != .zero { return false }
    // The last block overlaps the one before it.
    return difference(count - width) == .zero
}
