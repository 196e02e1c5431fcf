// SPDX-License-Identifier: Apache-2.0

/// Many short lists of numbers in one piece of memory.
///
///     headers  │ start count capacity │ …        one a list
///     pool     │ a a a · │ b · │ c c c c │ …     gaps where lists moved away to grow, or have become shorter
///
/// Reading a list touches two places in memory and counts no references; copying all lists is copying two plain
/// arrays. Order within a list is not kept when something is removed.
struct Postings: Sendable {
    private struct Header: Sendable {
        var start: UInt32 = 0
        var count: UInt32 = 0
        var capacity: UInt32 = 0
    }

    private var headers: [Header] = []
    private var pool: [UInt32] = []
    /// Numbers in all lists together.
    private var used = 0

    var isEmpty: Bool { headers.isEmpty }
    /// Places of the pool, gaps included. Growth alone leaves at most three gaps for each number; with more, and
    /// so many that it matters, the lists move together.
    var poolCount: Int { pool.count }
    private var isSparse: Bool { pool.count > 4096 && pool.count > 4 * used }

    mutating func append(_ number: Int, to list: Int) {
        while headers.count <= list { headers.append(Header()) }
        var header = headers[list]
        if header.count == header.capacity {
            let capacity = max(4, header.capacity * 2)
            let start = UInt32(pool.count)
            for index in header.start..<header.start + header.count { pool.append(pool[Int(index)]) }
            for _ in header.count..<capacity { pool.append(0) }
            header = Header(start: start, count: header.count, capacity: capacity)
        }
        pool[Int(header.start + header.count)] = UInt32(number)
        header.count += 1
        headers[list] = header
        used += 1
        if isSparse { compact() }
    }

    mutating func remove(_ number: Int, from list: Int) {
        guard list < headers.count else { return }
        let header = headers[list]
        for index in Int(header.start)..<Int(header.start + header.count) where pool[index] == UInt32(number)
        {
            pool[index] = pool[Int(header.start + header.count) - 1]
            headers[list].count -= 1
            used -= 1
            if isSparse { compact() }
            return
        }
    }

    mutating func removeAll(from list: Int) {
        guard list < headers.count else { return }
        used -= Int(headers[list].count)
        headers[list] = Header()
        if isSparse { compact() }
    }

    func contains(_ number: Int, in list: Int) -> Bool {
        guard list < headers.count else { return false }
        let header = headers[list]
        return pool[Int(header.start)..<Int(header.start + header.count)].contains(UInt32(number))
    }

    @inline(__always)
    func forEach(in list: Int, _ body: (Int) -> Void) {
        guard list < headers.count else { return }
        let header = headers[list]
        for index in Int(header.start)..<Int(header.start + header.count) { body(Int(pool[index])) }
    }

    private mutating func compact() {
        var packed: [UInt32] = []
        packed.reserveCapacity(used)
        for (list, header) in headers.enumerated() {
            let start = packed.count
            packed.append(contentsOf: pool[Int(header.start)..<Int(header.start + header.count)])
            headers[list] = Header(start: UInt32(start), count: header.count, capacity: header.count)
        }
        pool = packed
    }
}
