// SPDX-License-Identifier: Apache-2.0

/// Figures with names, for people and for programs.
struct BenchReport {
    private enum Value {
        case whole(Int)
        case number(Double)
    }

    let title: String
    private var groups: [(name: String, values: [(name: String, value: Value)])] = []
    private var problems: [String] = []

    private static let shownProblems = 10

    init(title: String) { self.title = title }

    /// A group of figures, whole numbers or not.
    mutating func line(_ name: String, _ values: [(String, any Numeric)]) {
        groups.append(
            (
                name,
                values.map { ($0.0, ($0.1 as? Int).map(Value.whole) ?? .number($0.1 as? Double ?? .nan)) }
            ))
    }

    /// Milliseconds.
    mutating func latency(_ name: String, _ histogram: LatencyHistogram) {
        func milliseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1e6 }
        line(
            name,
            [
                ("p50", milliseconds(histogram.percentile(50))),
                ("p90", milliseconds(histogram.percentile(90))),
                ("p99", milliseconds(histogram.percentile(99))),
                ("p99.9", milliseconds(histogram.percentile(99.9))), ("max", milliseconds(histogram.longest)),
            ])
    }

    /// What a process used between two looks. Per million: seconds of processor time, which is microseconds each.
    mutating func usage(
        _ name: String, _ before: ProcessUsage?, _ after: ProcessUsage?, perMillion count: Int
    ) {
        guard let before, let after else { return }
        let seconds = after.cpuSeconds - before.cpuSeconds
        let mebibyte = 1_048_576.0
        line(
            name,
            [
                ("cpu_seconds", seconds), ("cpu_seconds_per_million", seconds * 1e6 / Double(max(1, count))),
                ("mib_before", Double(before.residentBytes) / mebibyte),
                ("mib_after", Double(after.residentBytes) / mebibyte),
                ("mib_peak", Double(after.peakBytes) / mebibyte),
            ])
    }

    var hasProblems: Bool { !problems.isEmpty }

    mutating func problems(_ problems: [String]) { self.problems += problems }

    func text(_ format: BenchFormat) -> String {
        switch format {
        case .text:
            let width = groups.map(\.name.count).max() ?? 0
            let lines = groups.map { group in
                group.name.padding(to: width) + "  "
                    + group.values.map { "\($0.name) \(Self.text($0.value))" }.joined(separator: "  ")
            }
            let shown = problems.prefix(Self.shownProblems).map { "problem: \($0)" }
            let more = problems.count - shown.count
            return ([title] + lines + shown + (more > 0 ? ["and \(more) more problems"] : []))
                .joined(separator: "\n")
        case .json:
            let parts = groups.map { group in
                let values = group.values.map { "\"\($0.name)\":\(Self.text($0.value))" }
                return "\"\(group.name)\":{\(values.joined(separator: ","))}"
            }
            let texts = problems.map { "\"\(Self.escaped($0))\"" }
            return "{\"title\":\"\(Self.escaped(title))\",\(parts.joined(separator: ",")),"
                + "\"problems\":[\(texts.joined(separator: ","))]}"
        }
    }

    private static func text(_ value: Value) -> String {
        switch value {
        case .whole(let number): return "\(number)"
        case .number(let number):
            guard number.isFinite else { return "0" }
            let digits: Double = abs(number) < 10 ? 1_000 : abs(number) < 1_000 ? 10 : 1
            let rounded = (number * digits).rounded() / digits
            return rounded == rounded.rounded() && digits == 1 ? "\(Int(rounded))" : "\(rounded)"
        }
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": escaped += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                escaped += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
