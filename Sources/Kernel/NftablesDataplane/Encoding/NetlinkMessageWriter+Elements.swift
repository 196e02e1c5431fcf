// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import LinuxKernel
internal import NetworkModel
internal import PolicyEngine

/// Writes elements of sets (NFTA_SET_ELEM_LIST_ELEMENTS).
extension NetlinkMessageWriter {
    /// Appends an element of a set of the given kind. Deleting needs keys only.
    mutating func append(_ element: NftElement, of kind: NftSet.Kind, withValue: Bool) {
        switch element {
        case .key(let key): append(key: NftElement.bytes(key, count: kind.keyByteCount))
        case .range(let range): append(range, keyByteCount: kind.keyByteCount)
        case .addressPort(let place): append(key: NftElement.bytes(place))
        case .interface(let name, let verdict): append(key: NftElement.name(name), withValue ? verdict : nil)
        case .addressPortVerdict(let place, let verdict):
            append(key: NftElement.bytes(place), withValue ? verdict : nil)
        case .backend(let index, let place): append(backend: place, at: index, withValue: withValue)
        }
    }

    /// Two elements: where the range starts, and where it has ended (NFT_SET_ELEM_INTERVAL_END). A range up
    /// to the last key has no end.
    private mutating func append(_ range: KeyRange, keyByteCount: Int) {
        append(key: NftElement.bytes(range.first, count: keyByteCount))
        let bitCount = keyByteCount * 8
        let maximum = bitCount == 128 ? UInt128.max : (1 << UInt128(bitCount)) - 1
        guard range.last < maximum else { return }
        let end = NftElement.bytes(range.last + 1, count: keyByteCount)
        nested(NFTA_LIST_ELEM.rawValue) { element in
            element.be32(NFTA_SET_ELEM_FLAGS.rawValue, UInt32(NFT_SET_ELEM_INTERVAL_END.rawValue))
            element.nested(NFTA_SET_ELEM_KEY.rawValue) { $0.raw(NFTA_DATA_VALUE.rawValue, end) }
        }
    }

    private mutating func append(key: [UInt8], _ verdict: NftVerdict? = nil) {
        nested(NFTA_LIST_ELEM.rawValue) { element in
            element.nested(NFTA_SET_ELEM_KEY.rawValue) { $0.raw(NFTA_DATA_VALUE.rawValue, key) }
            if let verdict { element.nested(NFTA_SET_ELEM_DATA.rawValue) { $0.append(verdict) } }
        }
    }

    private mutating func append(backend place: AddressPort, at index: UInt32, withValue: Bool) {
        // Random numbers are in host order.
        let key = withUnsafeBytes(of: index) { Array($0) }
        let value = place.address.networkBytes + NftElement.padded(place.port)
        nested(NFTA_LIST_ELEM.rawValue) { element in
            element.nested(NFTA_SET_ELEM_KEY.rawValue) { $0.raw(NFTA_DATA_VALUE.rawValue, key) }
            guard withValue else { return }
            element.nested(NFTA_SET_ELEM_DATA.rawValue) { $0.raw(NFTA_DATA_VALUE.rawValue, value) }
        }
    }
}

/// Keys as the kernel compares them.
extension NftElement {
    /// Address, protocol and port, each padded to four bytes.
    static func bytes(_ place: AddressPort) -> [UInt8] {
        place.address.networkBytes + [place.transport.rawValue, 0, 0, 0] + padded(place.port)
    }

    /// A port in network order, padded to four bytes.
    static func padded(_ port: UInt16) -> [UInt8] {
        [UInt8(port >> 8), UInt8(truncatingIfNeeded: port), 0, 0]
    }

    /// An interface name filled up with zeros to IFNAMSIZ.
    static func name(_ name: String) -> [UInt8] {
        let bytes = Array(name.utf8.prefix(15))
        return bytes + [UInt8](repeating: 0, count: 16 - bytes.count)
    }

    /// A number in network order.
    static func bytes(_ value: UInt128, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt128((count - 1 - $0) * 8)) }
    }
}
