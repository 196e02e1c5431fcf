// SPDX-License-Identifier: Apache-2.0

/// Reads the fields of one protobuf message (https://protobuf.dev/programming-guides/encoding/).
///
/// Fields that are not asked for are skipped, whatever they are, as the format demands. Nothing is read beyond the
/// end of the bytes.
struct WireReader {
    /// The bytes are no message.
    struct Malformed: Error {}

    /// What may follow a field's number. Groups are only skipped.
    private enum WireType: UInt8 {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case startGroup = 3
        case endGroup = 4
        case fixed32 = 5
    }

    /// Messages in messages, groups in groups: deeper ones are refused.
    static let maximumDepth = 64

    private let bytes: UnsafeRawBufferPointer
    private(set) var place = 0
    /// Where the field that was found last begins.
    private(set) var fieldStart = 0

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Fields of a message that are read, as bits by their numbers, all below 32.
    struct Shape {
        /// Texts and messages.
        var bytes: UInt32
        /// Numbers and enumerations.
        var numbers: UInt32
    }

    /// The number of the next field that is of the shape; nil at the end. All others, also those of another type
    /// than expected, are skipped.
    @inline(__always)
    mutating func nextField(_ shape: Shape) throws(Malformed) -> Int? {
        while place < bytes.count {
            fieldStart = place
            let tag = try varint()
            let number = tag >> 3
            if number < 32 {
                let bit = UInt32(1) << UInt32(truncatingIfNeeded: number)
                if tag & 7 == 2, shape.bytes & bit != 0 { return Int(truncatingIfNeeded: number) }
                if tag & 7 == 0, shape.numbers & bit != 0 { return Int(truncatingIfNeeded: number) }
            }
            try skip(tag, depth: 0)
        }
        return nil
    }

    /// A number, or a value of an enumeration that any number is.
    @inline(__always)
    mutating func number() throws(Malformed) -> Int64 { Int64(bitPattern: try varint()) }

    /// A value of an enumeration; nil for one that is not known.
    mutating func value<Value: RawRepresentable>(
        as type: Value.Type = Value.self
    ) throws(Malformed) -> Value? where Value.RawValue == UInt8 {
        // Enumerations are 32 bits, whatever was sent.
        UInt8(exactly: Int32(truncatingIfNeeded: try number())).flatMap(Value.init(rawValue:))
    }

    @inline(__always)
    mutating func varint() throws(Malformed) -> UInt64 {
        let (count, start) = (bytes.count, place)
        guard start < count else { throw Malformed() }
        let first = bytes[start]
        if first < 0x80 {
            place = start &+ 1
            return UInt64(first)
        }
        var value = UInt64(first & 0x7f)
        var shift: UInt64 = 7
        var at = start &+ 1
        while at < count, shift < 70 {
            let byte = bytes[at]
            at &+= 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                place = at
                return value
            }
            shift &+= 7
        }
        throw Malformed()
    }

    /// The value of a field of type `bytes`: a text, a message, or packed numbers.
    @inline(__always)
    mutating func slice() throws(Malformed) -> UnsafeRawBufferPointer {
        let length = try varint()
        guard length <= UInt64(bytes.count &- place) else { throw Malformed() }
        let start = place
        place = start &+ Int(length)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<place])
    }

    mutating func text() throws(Malformed) -> String {
        guard let text = String(validating: try slice(), as: UTF8.self) else { throw Malformed() }
        return text
    }

    private mutating func skip(_ tag: UInt64, depth: Int) throws(Malformed) {
        // Numbers have 29 bits and begin with 1.
        guard tag >> 3 != 0, tag <= UInt64(UInt32.max), let type = WireType(rawValue: UInt8(tag & 7)) else {
            throw Malformed()
        }
        switch type {
        case .varint: _ = try varint()
        case .fixed64: try move(8)
        case .bytes: _ = try slice()
        case .fixed32: try move(4)
        case .endGroup: throw Malformed()
        case .startGroup:
            guard depth < Self.maximumDepth else { throw Malformed() }
            while place < bytes.count {
                let inner = try varint()
                if inner & 7 == UInt64(WireType.endGroup.rawValue) {
                    guard inner >> 3 == tag >> 3 else { throw Malformed() }
                    return
                }
                try skip(inner, depth: depth + 1)
            }
            throw Malformed()
        }
    }

    private mutating func move(_ count: Int) throws(Malformed) {
        guard bytes.count - place >= count else { throw Malformed() }
        place += count
    }

    /// The bytes from a place on that was passed, up to where it is now.
    func passed(from start: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[start..<place])
    }
}
