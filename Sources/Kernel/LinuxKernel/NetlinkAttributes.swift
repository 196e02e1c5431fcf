// SPDX-License-Identifier: Apache-2.0

/// One netlink attribute: a type and a view of its payload, valid as long as the bytes it came from.
public struct NetlinkAttribute {
    /// The type without the NLA_F_NESTED and NLA_F_NET_BYTEORDER bits.
    public let type: Int
    /// The payload, without padding.
    public let payload: UnsafeRawBufferPointer

    @inlinable
    init(type: Int, payload: UnsafeRawBufferPointer) {
        self.type = type
        self.payload = payload
    }

    /// The attributes inside this one.
    @inlinable
    public var nested: NetlinkAttributes { NetlinkAttributes(payload) }

    /// The first byte; nil when empty.
    @inlinable
    public var u8: UInt8? { payload.first }
    /// A 16-bit number in host order; nil when the payload is shorter.
    @inlinable
    public var u16: UInt16? { payload.number(at: 0) }
    /// A 32-bit number in host order; nil when the payload is shorter.
    @inlinable
    public var u32: UInt32? { payload.number(at: 0) }
    /// A 64-bit number in host order; nil when the payload is shorter.
    @inlinable
    public var u64: UInt64? { payload.number(at: 0) }
    /// A 16-bit number in network order; nil when the payload is shorter.
    @inlinable
    public var be16: UInt16? { payload.bigEndianNumber(at: 0) }
    /// A 32-bit number in network order; nil when the payload is shorter.
    @inlinable
    public var be32: UInt32? { payload.bigEndianNumber(at: 0) }
    /// A 64-bit number in network order; nil when the payload is shorter.
    @inlinable
    public var be64: UInt64? { payload.bigEndianNumber(at: 0) }

    /// The payload as text up to its first zero byte. Allocates; bytes that are not UTF-8 are replaced.
    public var string: String { String(decoding: text, as: UTF8.self) }

    /// The payload up to its first zero byte.
    public var text: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: payload[..<(payload.firstIndex(of: 0) ?? payload.endIndex)])
    }
}

/// Walks netlink attributes without allocating: `while let attribute = attributes.next() { … }`.
///
/// A length that does not fit ends the walk and sets `isTruncated`; nothing past the bytes given is ever
/// read.
public struct NetlinkAttributes {
    @usableFromInline
    var rest: UnsafeRawBufferPointer
    /// True once a length field was found that is too small or reaches past the end.
    public private(set) var isTruncated = false

    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// The next attribute, or nil at the end.
    public mutating func next() -> NetlinkAttribute? {
        guard !rest.isEmpty else { return nil }
        guard let length: UInt16 = rest.number(at: 0), let rawType: UInt16 = rest.number(at: 2),
            length >= 4, Int(length) <= rest.count
        else {
            isTruncated = true
            rest = UnsafeRawBufferPointer(start: nil, count: 0)
            return nil
        }
        let payload = UnsafeRawBufferPointer(rebasing: rest[4..<Int(length)])
        let aligned = min((Int(length) + 3) & ~3, rest.count)
        rest = UnsafeRawBufferPointer(rebasing: rest[aligned...])
        return NetlinkAttribute(type: Int(rawType & 0x3fff), payload: payload)
    }

    /// The first attribute of the given type, or nil. Does not move this cursor.
    public func first(_ type: some BinaryInteger) -> NetlinkAttribute? {
        var copy = self
        while let attribute = copy.next() {
            if attribute.type == Int(type) { return attribute }
        }
        return nil
    }
}

extension UnsafeRawBufferPointer {
    /// A number in host order at a byte offset of any alignment; nil when it would reach past the end.
    @inlinable
    func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number? {
        guard offset >= 0, offset <= count - MemoryLayout<Number>.size else { return nil }
        return loadUnaligned(fromByteOffset: offset, as: Number.self)
    }

    /// A number in network order at a byte offset of any alignment; nil when it would reach past the end.
    @inlinable
    func bigEndianNumber<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number? {
        (number(at: offset) as Number?).map(Number.init(bigEndian:))
    }

    /// The bytes from `offset` on; nil when that is past the end.
    @inlinable
    func dropping(_ offset: Int) -> UnsafeRawBufferPointer? {
        guard offset >= 0, offset <= count else { return nil }
        return UnsafeRawBufferPointer(rebasing: self[offset...])
    }
}
