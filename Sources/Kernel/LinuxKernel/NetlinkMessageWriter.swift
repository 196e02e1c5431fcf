// SPDX-License-Identifier: Apache-2.0

/// Builds netlink messages, one after another, in one growing run of bytes.
///
/// ```
///  nlmsghdr (16 bytes)                                  family header      attributes, each aligned to 4
/// ┌────────┬──────┬───────┬──────────┬─────────┐┌───────────────────┐┌─────┬──────┬─────────┬─────┐
/// │ length │ type │ flags │ sequence │ port id ││ nfgenmsg, ifinfo… ││ len │ type │ payload │ pad │ …
/// └── 4 ───┴─ 2 ──┴── 2 ──┴─── 4 ────┴─── 4 ───┘└───────────────────┘└─ 2 ─┴── 2 ─┴─────────┴─────┘
/// ```
///
/// Numbers are in host order unless a function says big-endian (netfilter's attributes are). An attribute
/// holds at most 65,531 payload bytes because its length field has 16 bits; going past that sets
/// `isOverflowing`, and sockets refuse to send. Source: include/uapi/linux/netlink.h, lib/nlattr.c.
public struct NetlinkMessageWriter: Sendable {
    /// Everything written so far.
    public private(set) var bytes: [UInt8] = []
    /// Messages begun so far.
    public private(set) var messageCount = 0
    /// True once an attribute grew past its 16-bit length. Nothing written by this writer may be sent then.
    public private(set) var isOverflowing = false

    private var messageStart = 0
    private var nextSequence: UInt32

    /// Where a nested attribute began; give it back to `endNested`.
    public struct Nested: Sendable {
        fileprivate let offset: Int
    }

    /// An empty writer. Messages are numbered from `firstSequence` upwards, so that a refused one can be
    /// named.
    public init(capacityBytes: Int = 512, firstSequence: UInt32 = 1) {
        bytes.reserveCapacity(capacityBytes)
        nextSequence = firstSequence
    }

    // MARK: Messages

    /// Begins a message and returns its sequence number. End it with `end()` before the next one.
    @discardableResult
    public mutating func begin(type: UInt16, flags: UInt16) -> UInt32 {
        messageStart = bytes.count
        messageCount += 1
        append(UInt32(0))
        append(type)
        append(flags)
        append(nextSequence)
        append(UInt32(0))
        defer { nextSequence &+= 1 }
        return nextSequence
    }

    /// Begins a netfilter message: type is `subsystem << 8 | operation`, the header is `struct nfgenmsg`.
    @discardableResult
    public mutating func beginNetfilter(
        subsystem: UInt8, operation: UInt8, flags: UInt16, family: UInt8, resource: UInt16 = 0
    ) -> UInt32 {
        beginNetfilter(
            type: UInt16(subsystem) << 8 | UInt16(operation), flags: flags, family: family, resource: resource
        )
    }

    /// Begins a netfilter message of a reserved type (batch begin and end).
    @discardableResult
    public mutating func beginNetfilter(
        type: UInt16, flags: UInt16, family: UInt8, resource: UInt16 = 0
    ) -> UInt32 {
        let sequence = begin(type: type, flags: flags)
        bytes.append(family)
        bytes.append(0)
        append(resource.bigEndian)
        return sequence
    }

    /// Ends the message begun last: fills in its length and pads it.
    public mutating func end() {
        patch(UInt32(bytes.count - messageStart), at: messageStart)
        align()
    }

    /// Forgets everything written, keeping the memory and counting sequence numbers on.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        messageCount = 0
        isOverflowing = false
        messageStart = 0
    }

    // MARK: Plain bytes

    /// Appends a number in host order, unaligned. For fixed family headers such as `struct ifinfomsg`.
    @inlinable
    public mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value) { appendRaw($0) }
    }

    /// Appends bytes as they stand, then padding to 4.
    public mutating func append(bytes other: some Collection<UInt8>) {
        bytes.append(contentsOf: other)
        align()
    }

    @usableFromInline
    mutating func appendRaw(_ raw: UnsafeRawBufferPointer) { bytes.append(contentsOf: raw) }

    // MARK: Attributes

    /// A one-byte attribute.
    @inlinable
    public mutating func u8(_ type: some BinaryInteger, _ value: UInt8) { scalar(UInt16(type), value) }
    /// A 16-bit attribute in host order.
    @inlinable
    public mutating func u16(_ type: some BinaryInteger, _ value: UInt16) { scalar(UInt16(type), value) }
    /// A 32-bit attribute in host order.
    @inlinable
    public mutating func u32(_ type: some BinaryInteger, _ value: UInt32) { scalar(UInt16(type), value) }
    /// A 64-bit attribute in host order.
    @inlinable
    public mutating func u64(_ type: some BinaryInteger, _ value: UInt64) { scalar(UInt16(type), value) }
    /// A 16-bit attribute in network order.
    @inlinable
    public mutating func be16(_ type: some BinaryInteger, _ value: UInt16) {
        scalar(UInt16(type), value.bigEndian)
    }
    /// A 32-bit attribute in network order.
    @inlinable
    public mutating func be32(_ type: some BinaryInteger, _ value: UInt32) {
        scalar(UInt16(type), value.bigEndian)
    }
    /// A 64-bit attribute in network order.
    @inlinable
    public mutating func be64(_ type: some BinaryInteger, _ value: UInt64) {
        scalar(UInt16(type), value.bigEndian)
    }

    /// An attribute without payload (NLA_FLAG).
    @inlinable
    public mutating func flag(_ type: some BinaryInteger) {
        payload(UInt16(type), UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// An attribute of the given bytes.
    @inlinable
    public mutating func raw(_ type: some BinaryInteger, _ value: [UInt8]) {
        value.withUnsafeBytes { payload(UInt16(type), $0) }
    }

    /// A text attribute with its terminating zero (NLA_NUL_STRING). A zero byte inside ends the text for the
    /// kernel.
    @inlinable
    public mutating func string(_ type: some BinaryInteger, _ value: String) {
        var value = value
        value.withUTF8 { text in payload(UInt16(type), UnsafeRawBufferPointer(text), terminated: true) }
    }

    /// Begins an attribute that holds attributes; sets NLA_F_NESTED.
    public mutating func beginNested(_ type: some BinaryInteger) -> Nested {
        defer { header(UInt16(type) | 0x8000, payloadCount: 0) }
        return Nested(offset: bytes.count)
    }

    /// Ends a nested attribute: fills in its length.
    public mutating func endNested(_ nested: Nested) {
        let length = bytes.count - nested.offset
        guard let field = UInt16(exactly: length) else {
            isOverflowing = true
            return
        }
        patch(field, at: nested.offset)
    }

    /// An attribute that holds the attributes that `body` writes.
    @inlinable
    public mutating func nested(_ type: some BinaryInteger, _ body: (inout NetlinkMessageWriter) -> Void) {
        let nested = beginNested(type)
        body(&self)
        endNested(nested)
    }

    /// Bytes that a nested attribute takes so far, header included; at 65,535 it is full.
    public func byteCount(of nested: Nested) -> Int { bytes.count - nested.offset }

    // MARK: Inside

    @usableFromInline
    mutating func scalar(_ type: UInt16, _ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value) { payload(type, $0) }
    }

    @usableFromInline
    mutating func payload(_ type: UInt16, _ raw: UnsafeRawBufferPointer, terminated: Bool = false) {
        header(type, payloadCount: raw.count + (terminated ? 1 : 0))
        bytes.append(contentsOf: raw)
        if terminated { bytes.append(0) }
        align()
    }

    private mutating func header(_ type: UInt16, payloadCount: Int) {
        let length = UInt16(exactly: payloadCount + 4)
        if length == nil { isOverflowing = true }
        append(length ?? 4)
        append(type)
    }

    private mutating func align() {
        while bytes.count & 3 != 0 { bytes.append(0) }
    }

    private mutating func patch(_ value: some FixedWidthInteger, at offset: Int) {
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: value, toByteOffset: offset, as: type(of: value)) }
    }
}
