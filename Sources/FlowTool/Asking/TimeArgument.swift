// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import FlowStore
internal import NetworkModel
internal import PolicyModel

/// Spans of time: `90s`, `10m`, `1h30m`, `2d`, `500ms`.
enum TimeSpan {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
    ]

    /// Nil for what is no span, has no unit, or is longer than a hundred thousand years.
    static func milliseconds(_ text: some StringProtocol) -> Int64? {
        var rest = Substring(text)
        guard !rest.isEmpty, rest.utf8.count <= 40 else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { ("a"..."z").contains($0) }
            rest = rest.dropFirst(name.count)
            guard let number = Int64(digits), let unit = units.first(where: { $0.name == name }) else {
                return nil
            }
            let (product, overflow) = number.multipliedReportingOverflow(by: unit.milliseconds)
            let (sum, overflowed) = total.addingReportingOverflow(product)
            guard !overflow, !overflowed, sum < 3_200_000_000_000_000_000 else { return nil }
            total = sum
        }
        return total
    }
}

/// A moment: how long ago, or when.
enum TimeArgument: Hashable, Sendable {
    case now
    /// Seconds before now, by the server's clock.
    case ago(Int64)
    /// Unix seconds.
    case at(Int64)

    /// Below this a plain number is no time of ours but a forgotten unit: 1985.
    private static let firstUnixSeconds: Int64 = 473_385_600

    /// - Throws: `ValidationError` with what could be meant.
    static func reading(_ text: String) throws -> TimeArgument {
        if let time = TimeArgument(text) { return time }
        if let number = Int64(text), number > 0, number < firstUnixSeconds {
            throw ValidationError("\(number) has no unit; write \(number)s or \(number)m for a time ago")
        }
        throw ValidationError("this is no time: \(text.quotedForMessage); write \(forms)")
    }

    init?(_ argument: String) {
        let isNegative = argument.hasPrefix("-")
        let span = isNegative ? argument.dropFirst() : Substring(argument)
        if argument == "now" {
            self = .now
        } else if let milliseconds = TimeSpan.milliseconds(span) {
            let seconds = milliseconds / 1_000
            self = seconds == 0 ? .now : .ago(seconds)
        } else if span.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(span) {
            // As the flow API has it: negative is relative to now, in seconds.
            if isNegative {
                self = number == 0 ? .now : .ago(number)
            } else if number >= Self.firstUnixSeconds {
                self = .at(number)
            } else {
                return nil
            }
        } else if let time = RFC3339.parse(argument), time.seconds > 0 {
            self = .at(time.seconds)
        } else {
            return nil
        }
    }

    /// As it stands in a time range (flow API 2.3). Now is 0 as an end; as a start it is nothing that could
    /// be asked.
    var wire: Int64 {
        switch self {
        case .now: 0
        case .ago(let seconds): -seconds
        case .at(let seconds): seconds
        }
    }

    /// How long ago, when it is `now` (Unix seconds); not negative.
    func secondsAgo(now: Int64) -> Int64 {
        switch self {
        case .now: 0
        case .ago(let seconds): seconds
        case .at(let seconds): max(0, now - seconds)
        }
    }

    static let forms = "10m, 1h30m or -10m ago, 2026-01-02T03:04:05Z, Unix seconds, or now"
}

/// `--since` and `--until`.
struct FlowRangeOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "From when on: \(TimeArgument.forms). Default: everything that is kept.", valueName: "time"),
        transform: TimeArgument.reading)
    var since: TimeArgument?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Until when, in the same forms. Default: now.", valueName: "time"),
        transform: TimeArgument.reading)
    var until: TimeArgument?

    var range: FlowTimeRange { FlowTimeRange(startGTE: since?.wire ?? 0, startLT: until?.wire ?? 0) }

    func validate() throws {
        if since == .now {
            throw ValidationError("--since now is nothing yet; 'vibrissa flows watch' shows what comes")
        }
        if case .at(let start) = since, case .at(let end) = until, start >= end {
            throw ValidationError("--since is not before --until")
        }
        if case .ago(let start) = since, case .ago(let end) = until, start <= end {
            throw ValidationError("--since is not before --until: \(start) and \(end) seconds ago")
        }
    }
}
