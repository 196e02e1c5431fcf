// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// A set of 16-bit numbers: ports, or `type << 8 | code` of ICMP.
///
///     edges   80   81   8000   8081      an even count, strictly increasing, at most 65536
///             [----)    [---------)      pairs of first member and first non-member after it
public struct PortSet: Hashable, Sendable {
    var edges: [UInt32]

    private static let bound: UInt32 = 65_536

    init(edges: [UInt32]) { self.edges = edges }

    public init() { edges = [] }

    public init(_ range: PortRange) { edges = [UInt32(range.first), UInt32(range.last) + 1] }

    public init(_ ranges: some Sequence<PortRange>) {
        edges = []
        for range in ranges.sorted() {
            let (first, end) = (UInt32(range.first), UInt32(range.last) + 1)
            if let last = edges.last, first <= last {
                edges[edges.count - 1] = max(last, end)
            } else {
                edges += [first, end]
            }
        }
    }

    public static let all = PortSet(edges: [0, bound])
    public static let empty = PortSet(edges: [])

    public var isEmpty: Bool { edges.isEmpty }
    public var isAll: Bool { edges.count == 2 && edges[0] == 0 && edges[1] == Self.bound }

    public func contains(_ port: UInt16) -> Bool {
        var low = 0
        var high = edges.count
        while low < high {
            let middle = (low + high) / 2
            if edges[middle] <= UInt32(port) { low = middle + 1 } else { high = middle }
        }
        return low % 2 == 1
    }

    /// The members as maximal ranges, in order.
    public var ranges: [PortRange] {
        stride(from: 0, to: edges.count, by: 2).compactMap {
            PortRange(UInt16(edges[$0]), UInt16(edges[$0 + 1] - 1))
        }
    }

    /// How many numbers are in the set: 0...65536.
    public var count: Int {
        stride(from: 0, to: edges.count, by: 2).reduce(0) { $0 + Int(edges[$1 + 1] - edges[$1]) }
    }

    public func union(_ other: PortSet) -> PortSet {
        if isEmpty || other.isAll { return other }
        if other.isEmpty || isAll { return self }
        return combined(other) { $0 || $1 }
    }

    public func intersection(_ other: PortSet) -> PortSet {
        if isEmpty || other.isAll { return self }
        if other.isEmpty || isAll { return other }
        return combined(other) { $0 && $1 }
    }

    public func subtracting(_ other: PortSet) -> PortSet {
        if isEmpty || other.isEmpty { return self }
        if other.isAll { return .empty }
        return combined(other) { $0 && !$1 }
    }

    /// One sweep over the edges of both: a number is kept when `keep` says so of its membership in each.
    private func combined(_ other: PortSet, _ keep: (Bool, Bool) -> Bool) -> PortSet {
        var result: [UInt32] = []
        result.reserveCapacity(edges.count + other.edges.count)
        var (left, right) = (0, 0)
        var isInside = false
        while left < edges.count || right < other.edges.count {
            let first = left < edges.count ? edges[left] : .max
            let second = right < other.edges.count ? other.edges[right] : .max
            let place = min(first, second)
            if first == place { left += 1 }
            if second == place { right += 1 }
            let isKept = keep(left % 2 == 1, right % 2 == 1)
            if isKept != isInside {
                result.append(place)
                isInside = isKept
            }
        }
        return PortSet(edges: result)
    }
}
