// SPDX-License-Identifier: Apache-2.0

/// Durations as Go writes them: `300ms`, `15s`, `1m30s`, `1.5h`; and a plain number for seconds.
enum DurationText {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    /// Nil for what is no duration, is negative, or is longer than 292 years.
    static func parse(_ text: String) -> Duration? {
        guard !text.isEmpty, text.utf8.count <= 64 else { return nil }
        var rest = text[...]
        var total: Int64 = 0
        if rest.allSatisfy(isDigit) { rest = (rest + "s")[...] }
        while !rest.isEmpty {
            let whole = rest.prefix(while: isDigit)
            rest = rest.dropFirst(whole.count)
            var fraction: Substring = ""
            if rest.first == "." {
                fraction = rest.dropFirst().prefix(while: isDigit)
                rest = rest.dropFirst(fraction.count + 1)
            }
            guard !whole.isEmpty || !fraction.isEmpty else { return nil }
            let name = rest.prefix { !isDigit($0) && $0 != "." }
            guard let unit = units.first(where: { $0.name == name }) else { return nil }
            rest = rest.dropFirst(name.count)
            guard let part = nanoseconds(whole, fraction, unit.nanoseconds) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        return .nanoseconds(total)
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

    private static func nanoseconds(_ whole: Substring, _ fraction: Substring, _ unit: Int64) -> Int64? {
        guard let number = Int64(whole.isEmpty ? "0" : whole) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        // Digits beyond a nanosecond do not count; at most an hour's worth of them is read.
        var (part, scale) = (Int64(0), unit)
        for digit in fraction.prefix(13) {
            guard let value = digit.wholeNumberValue, scale >= 10 else { break }
            scale /= 10
            part += Int64(value) * scale
        }
        let (sum, overflowed) = product.addingReportingOverflow(part)
        return overflowed ? nil : sum
    }

    /// `1m30s`; of durations that were parsed.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        var rest = seconds
        var text = ""
        for (name, size) in [("h", Int64(3_600)), ("m", 60)] where rest >= size {
            text += "\(rest / size)\(name)"
            rest %= size
        }
        if rest > 0 { text += "\(rest)s" }
        let milliseconds = attoseconds / 1_000_000_000_000_000
        if milliseconds > 0 { text += "\(milliseconds)ms" }
        return text.isEmpty ? "0s" : text
    }
}
