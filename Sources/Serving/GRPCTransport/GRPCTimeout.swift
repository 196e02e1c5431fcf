// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The header `grpc-timeout`: at most eight digits and a unit.
enum GRPCTimeout {
    /// Nil for what is no timeout.
    static func parse(_ text: String) -> TimeAmount? {
        let digits = text.utf8.dropLast()
        guard (1...8).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let amount = Int64(text.dropLast())
        else { return nil }
        switch text.utf8.last {
        case UInt8(ascii: "n"): return .nanoseconds(amount)
        case UInt8(ascii: "u"): return .microseconds(amount)
        case UInt8(ascii: "m"): return .milliseconds(amount)
        case UInt8(ascii: "S"): return .seconds(amount)
        case UInt8(ascii: "M"): return .minutes(amount)
        // Longer than anybody waits, and well below what overflows.
        case UInt8(ascii: "H"): return .hours(min(amount, 100_000))
        default: return nil
        }
    }

    static func text(_ timeout: TimeAmount) -> String {
        let milliseconds = max(1, timeout.nanoseconds / 1_000_000)
        return milliseconds < 100_000_000 ? "\(milliseconds)m" : "\(min(milliseconds / 1_000, 99_999_999))S"
    }
}
