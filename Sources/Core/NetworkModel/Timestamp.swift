// SPDX-License-Identifier: Apache-2.0

/// Seconds and nanoseconds since the Unix epoch, as one count of nanoseconds. Good until the year 2262.
public struct Timestamp: Hashable, Sendable, Comparable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    public init(seconds: Int64) { nanoseconds = seconds * 1_000_000_000 }

    /// Whole seconds, rounded down.
    public var seconds: Int64 {
        nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : (nanoseconds - 999_999_999) / 1_000_000_000
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Nanoseconds from `other` to this time; negative when this time is earlier.
    public func nanoseconds(since other: Timestamp) -> Int64 { nanoseconds - other.nanoseconds }
}
