// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel

/// Cuts the addresses that no pod owns into stretches that no rule and no network set tells apart within.
///
/// Blocks nest, so one sweep from low to high with a stack of the blocks around the current place sees everything.
///
///     |-------------- 10.0.0.0/8 --------------|
///            |-- 10.1.0.0/16 --|
///     ^      ^                 ^               ^     starts of stretches
struct OutsideSweep {
    struct Stretch {
        let range: ClosedRange<IPAddress>
        /// The innermost block around it; nil outside all blocks.
        let block: IPPrefix?
        let owners: [OutsideRegion.Owner]
        /// In no block, or only in one of length 0.
        let isRest: Bool
    }

    private var owners: [IPPrefix: [OutsideRegion.Owner]] = [:]
    private var blocks: Set<IPPrefix> = []
    private var workloads: Set<IPAddress> = []

    /// IPv4 as it lies in the 128 bits of addresses.
    private static let v4Space = UInt128(0xffff) << 32...(UInt128(0xffff) << 32 | UInt128(UInt32.max))

    init(_ worlds: [PolicySnapshot]) {
        for world in worlds {
            blocks.formUnion(world.distinguishingBlocks)
            workloads.formUnion(world.endpoints.flatMap(\.addresses))
            for set in world.cluster.networkSets.values {
                for block in set.nets { note(.networkSet(set.name), block) }
            }
            for endpoint in world.hostEndpoints {
                for address in endpoint.resource.expectedAddresses {
                    note(.hostEndpoint(endpoint.resource.name), IPPrefix(address))
                }
            }
        }
    }

    private mutating func note(_ owner: OutsideRegion.Owner, _ block: IPPrefix) {
        blocks.insert(block)
        if owners[block]?.contains(owner) != true { owners[block, default: []].append(owner) }
    }

    func stretches(limits: AnalysisLimits) throws(AnalysisError) -> [Stretch] {
        var result: [Stretch] = []
        for family in IPFamily.allCases {
            let sorted = blocks.filter { $0.family == family }.sorted()
            let starts = Self.starts(sorted, family)
            guard result.count + starts.count <= limits.maximumRegions else {
                throw .tooManyRegions(result.count + starts.count, maximum: limits.maximumRegions)
            }
            sweep(sorted, starts, family, into: &result)
        }
        return result
    }

    /// First addresses of stretches, sorted.
    private static func starts(_ blocks: [IPPrefix], _ family: IPFamily) -> [UInt128] {
        var starts: Set<UInt128> = family == .v4 ? [v4Space.lowerBound] : [0, v4Space.lowerBound]
        if family == .v6 { starts.insert(v4Space.upperBound + 1) }
        for block in blocks {
            starts.insert(block.address.bits)
            let last = block.lastAddress.bits
            if last != .max, family == .v6 || last < v4Space.upperBound { starts.insert(last + 1) }
        }
        return starts.sorted()
    }

    private func sweep(
        _ blocks: [IPPrefix], _ starts: [UInt128], _ family: IPFamily, into result: inout [Stretch]
    ) {
        let end = family == .v4 ? Self.v4Space.upperBound : .max
        var next = 0
        var around: [IPPrefix] = []
        for (index, start) in starts.enumerated() {
            while let block = around.last, block.lastAddress.bits < start { around.removeLast() }
            while next < blocks.count, blocks[next].address.bits <= start {
                if blocks[next].lastAddress.bits >= start { around.append(blocks[next]) }
                next += 1
            }
            let last = index + 1 < starts.count ? starts[index + 1] - 1 : end
            let first = IPAddress(bits: start)
            // IPv4 lies inside the number range of IPv6 and is a space of its own.
            guard first.family == family, !(start == last && workloads.contains(first)) else { continue }
            let named = Set(around.flatMap { owners[$0] ?? [] })
            result.append(
                Stretch(
                    range: first...IPAddress(bits: last), block: around.last, owners: named.sorted(),
                    isRest: around.allSatisfy { $0.length == 0 }))
        }
    }
}
