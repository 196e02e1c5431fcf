// SPDX-License-Identifier: Apache-2.0

/// Random numbers that are the fuzzer's input: one byte for each, so that changing a byte changes one decision.
///
/// The byte becomes the upper bits of the number, which decide in `Int.random(in:using:)`; the lower ones are never
/// all zero, which would make it ask again and again. When the bytes are used up, a fixed sequence follows.
public struct FuzzBytes: RandomNumberGenerator {
    private var rest: ArraySlice<UInt8>
    private var afterwards: UInt64 = 0

    public init(_ bytes: some Sequence<UInt8>) { rest = Array(bytes)[...] }

    public var isUsedUp: Bool { rest.isEmpty }

    public mutating func next() -> UInt64 {
        guard let byte = rest.popFirst() else {
            afterwards = afterwards &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return afterwards ^ (afterwards >> 29)
        }
        return UInt64(byte) &* 0x0101_0101_0101_0101 ^ 0x0080_a53c_5ac3_9671
    }
}
