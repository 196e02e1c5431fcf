// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// Messages that arrived together, each whole, in order.
///
/// On the wire each is a flag for compression (0), its length as 32 bits, and its bytes.
public struct GRPCMessages {
    /// Bytes before each message.
    public static let prefixBytes = 5

    @usableFromInline let bytes: UnsafeRawBufferPointer
    public let count: Int

    /// `bytes` hold `count` whole messages.
    init(_ bytes: UnsafeRawBufferPointer, count: Int) {
        self.bytes = bytes
        self.count = count
    }

    /// The bytes that `body` gets are there for the time of its call.
    @inlinable
    public func forEach(_ body: (UnsafeRawBufferPointer) -> Void) {
        var place = 0
        for _ in 0..<count {
            let length = Int(
                UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place + 1, as: UInt32.self)))
            let start = place + Self.prefixBytes
            body(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)]))
            place = start + length
        }
    }
}

/// Cuts a stream of bytes into messages.
struct GRPCDeframer {
    /// A message is longer than allowed.
    struct TooLong: Error {
        let length: Int
        let limit: Int
    }
    /// A message is compressed, which was not agreed on.
    struct Compressed: Error {}

    private let maximumMessageBytes: Int
    private var buffer = ByteBuffer()

    /// Memory that is kept between reads.
    private static let keptCapacity = 128 * 1_024

    init(maximumMessageBytes: Int) { self.maximumMessageBytes = maximumMessageBytes }

    /// Bytes of a message that is not whole yet.
    var pendingBytes: Int { buffer.readableBytes }

    mutating func append(_ data: inout ByteBuffer) { buffer.writeBuffer(&data) }

    /// Hands over the whole messages that are there; throws after that when what follows cannot be one.
    mutating func takeMessages(_ body: (GRPCMessages) throws -> Void) throws {
        let (count, length, problem) = wholeMessages()
        if count > 0 {
            try buffer.withUnsafeReadableBytes { bytes in
                try body(GRPCMessages(UnsafeRawBufferPointer(rebasing: bytes[..<length]), count: count))
            }
            buffer.moveReaderIndex(forwardBy: length)
        }
        if let problem { throw problem }
        if buffer.readableBytes == 0, buffer.capacity <= Self.keptCapacity {
            buffer.clear()
        } else if count > 0 {
            // What is left is less than a message: kept in as little memory.
            var rest = ByteBuffer()
            rest.writeBuffer(&buffer)
            buffer = rest
        }
    }

    private func wholeMessages() -> (count: Int, length: Int, problem: (any Error)?) {
        buffer.withUnsafeReadableBytes { bytes in
            var (count, place) = (0, 0)
            while bytes.count - place >= GRPCMessages.prefixBytes {
                guard bytes[place] == 0 else { return (count, place, Compressed()) }
                let length = Int(
                    UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place + 1, as: UInt32.self)))
                guard length <= maximumMessageBytes else {
                    return (count, place, TooLong(length: length, limit: maximumMessageBytes))
                }
                guard bytes.count - place - GRPCMessages.prefixBytes >= length else { break }
                place += GRPCMessages.prefixBytes + length
                count += 1
            }
            return (count, place, nil)
        }
    }
}

extension ByteBuffer {
    /// Appends one message in its form on the wire.
    public mutating func writeGRPCMessage(_ body: (inout ByteBuffer) -> Void) {
        let start = writerIndex
        writeInteger(UInt8(0))
        writeInteger(UInt32(0))
        body(&self)
        setInteger(UInt32(writerIndex - start - GRPCMessages.prefixBytes), at: start + 1)
    }

    /// Appends so many empty messages.
    public mutating func writeEmptyGRPCMessages(_ count: Int) {
        writeRepeatingByte(0, count: count * GRPCMessages.prefixBytes)
    }
}
