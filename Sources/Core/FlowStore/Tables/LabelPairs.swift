// SPDX-License-Identifier: Apache-2.0

/// Pairs of label lists that encoded labels stood for, with the serials that tell whether the lists are still
/// the same.
struct LabelPairs: Sendable {
    private struct Pair: Hashable, BitwiseCopyable {
        var source: UInt32
        var sourceSerial: UInt32
        var destination: UInt32
        var destinationSerial: UInt32
    }

    /// Beyond, all are forgotten.
    private static let maximumCount = 4_000_000

    private var pairs: ContiguousArray<Pair> = []
    private var numbers: [Pair: UInt32] = [:]
    /// Changes when all pairs were forgotten.
    private var era: UInt32 = 0

    /// A number that says which lists these were.
    mutating func add(
        _ source: UInt32, _ sourceSerial: UInt32, _ destination: UInt32, _ destinationSerial: UInt32
    ) -> UInt64 {
        let pair = Pair(
            source: source, sourceSerial: sourceSerial, destination: destination,
            destinationSerial: destinationSerial)
        if let known = numbers[pair] { return UInt64(era) << 32 | UInt64(known) }
        if pairs.count >= Self.maximumCount {
            pairs.removeAll()
            numbers.removeAll()
            era &+= 1
        }
        numbers[pair] = UInt32(pairs.count)
        pairs.append(pair)
        return UInt64(era) << 32 | UInt64(pairs.count - 1)
    }

    /// The lists; nil when one of them is not kept any more.
    @inline(__always)
    func lists(_ number: UInt64, _ labels: LabelInterner) -> (source: UInt32, destination: UInt32)? {
        guard UInt32(truncatingIfNeeded: number >> 32) == era else { return nil }
        let pair = pairs[Int(UInt32(truncatingIfNeeded: number))]
        guard labels.serial(pair.source) == pair.sourceSerial,
            labels.serial(pair.destination) == pair.destinationSerial
        else { return nil }
        return (pair.source, pair.destination)
    }
}
