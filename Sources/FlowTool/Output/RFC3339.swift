// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

/// Times as RFC 3339 has them, written in UTC, read with any offset.
enum RFC3339 {
    /// `2026-01-02T03:04:15Z`. Years beyond 0 to 9999 are written with as many digits as they need.
    static func text(seconds: Int64) -> String {
        let (date, time) = parts(seconds)
        return "\(date)T\(time)Z"
    }

    /// `2026-01-02T03:04:15.250Z`
    static func text(_ timestamp: Timestamp) -> String {
        let seconds = timestamp.seconds
        let rest = timestamp.nanoseconds(since: Timestamp(seconds: seconds))
        let (date, time) = parts(seconds)
        return "\(date)T\(time).\(padded(rest / 1_000_000, 3))Z"
    }

    private static func parts(_ seconds: Int64) -> (date: String, time: String) {
        // Other servers send any number; such a year would say nothing.
        let seconds = min(max(seconds, -62_167_219_200), 253_402_300_799)
        let secondOfDay = (seconds % 86_400 + 86_400) % 86_400
        let (year, month, day) = date(days: (seconds - secondOfDay) / 86_400)
        let time = [secondOfDay / 3_600, secondOfDay / 60 % 60, secondOfDay % 60].map { padded($0, 2) }
        return ("\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))", time.joined(separator: ":"))
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// The Gregorian date, by counting in eras of 400 years that begin on 1 March (146,097 days each).
    private static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = days + 719_468  // from 0000-03-01
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    // MARK: - Reading

    /// A date and time with `Z` or an offset, and an optional fraction; a date alone is its midnight in UTC.
    /// Nil for anything else, and for days and times that do not exist. A leap second is the next minute's
    /// first.
    static func parse(_ text: some StringProtocol) -> Timestamp? {
        guard text.utf8.count <= 40 else { return nil }
        var rest = Array(text.utf8)[...]
        guard let year = digits(&rest, 4), take(&rest, "-"), let month = digits(&rest, 2), take(&rest, "-"),
            let day = digits(&rest, 2), (1...12).contains(month), (1...daysIn(month, year)).contains(day)
        else { return nil }
        let midnight = days(year, month, day) * 86_400
        if rest.isEmpty { return Timestamp(seconds: midnight) }
        guard take(&rest, "T") || take(&rest, "t") || take(&rest, " "), let hour = digits(&rest, 2),
            take(&rest, ":"), let minute = digits(&rest, 2), take(&rest, ":"), let second = digits(&rest, 2),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        guard let fraction = fraction(&rest), let offset = offset(&rest), rest.isEmpty else { return nil }
        let seconds = midnight + hour * 3_600 + minute * 60 + second - offset
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? Timestamp(seconds: seconds) : Timestamp(nanoseconds: whole + fraction)
    }

    private static func take(_ rest: inout ArraySlice<UInt8>, _ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: scalar) else { return false }
        rest.removeFirst()
        return true
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>, _ count: Int) -> Int64? {
        let found = rest.prefix(count)
        guard found.count == count, found.allSatisfy({ (48...57).contains($0) }) else { return nil }
        rest = rest.dropFirst(count)
        return found.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    /// Nanoseconds; digits beyond those do not count.
    private static func fraction(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        guard take(&rest, ".") else { return 0 }
        let found = rest.prefix { (48...57).contains($0) }
        guard !found.isEmpty else { return nil }
        rest = rest.dropFirst(found.count)
        return (Array(found.prefix(9)) + Array(repeating: 48, count: max(0, 9 - found.count)))
            .reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    /// Seconds east of UTC.
    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        if take(&rest, "Z") || take(&rest, "z") { return 0 }
        let sign: Int64 = take(&rest, "+") ? 1 : take(&rest, "-") ? -1 : 0
        guard sign != 0, let hours = digits(&rest, 2), take(&rest, ":"), let minutes = digits(&rest, 2),
            hours < 24,
            minutes < 60
        else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }

    private static func daysIn(_ month: Int64, _ year: Int64) -> Int64 {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days from 1970-01-01, the inverse of `date`.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
