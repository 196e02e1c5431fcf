// SPDX-License-Identifier: Apache-2.0

@testable import LinuxKernel

/// Bytes from hexadecimal text; spaces, line breaks and `# comments` do not count.
func hex(_ text: String) -> [UInt8] {
    let digits = text.split(separator: "\n").flatMap { line in
        line.prefix { $0 != "#" }.filter { !$0.isWhitespace }
    }
    precondition(digits.count % 2 == 0, "odd number of hexadecimal digits")
    return stride(from: 0, to: digits.count, by: 2).map { index in
        UInt8(String(digits[index...index + 1]), radix: 16)!
    }
}

/// A message with its header's length field corrected to what the bytes hold.
func withLength(_ bytes: [UInt8]) -> [UInt8] {
    let count = UInt32(bytes.count)
    return (0..<4).map { UInt8(truncatingIfNeeded: count >> UInt32($0 * 8)) } + bytes.dropFirst(4)
}

/// Counts of one decoded datagram, and copies of what the packets said.
struct DecodedPackets {
    var counters = NFLogSocket.Counters()
    var sequences = NFLogSequences()
    var headers: [PacketHeaders] = []
    var prefixes: [String] = []

    mutating func decode(_ datagram: [UInt8]) {
        var headers = headers
        var prefixes = prefixes
        datagram.withUnsafeBytes { raw in
            NFLogSocket.decode(raw, &sequences, &counters) { packet in
                headers.append(packet.headers)
                prefixes.append(String(decoding: packet.prefix, as: UTF8.self))
            }
        }
        self.headers = headers
        self.prefixes = prefixes
    }
}

/// Deterministic random numbers (SplitMix64), so that a failure can be repeated from its seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
