// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

/// One option with its value, and the readers of values that all options share.
struct WorkloadArgument {
    let name: String
    let value: String

    func error(_ reason: String) -> WorkloadArgumentError {
        WorkloadArgumentError(option: name, value: value, reason: reason)
    }

    func address(_ text: String) throws(WorkloadArgumentError) -> IPAddress {
        guard let address = IPAddress(text) else {
            throw error("\"\(text.prefix(60))\" is not an IP address")
        }
        return address
    }

    /// The whole value as a number.
    func number(_ range: ClosedRange<Int>) throws(WorkloadArgumentError) -> Int? {
        try number(value, range, "value")
    }

    func number(
        _ text: String, _ range: ClosedRange<Int>, _ what: String
    ) throws(WorkloadArgumentError) -> Int {
        let isPlain = (1...10).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
        guard isPlain, let number = Int(text), range.contains(number) else {
            throw error("\(what) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func port(_ text: String) throws(WorkloadArgumentError) -> UInt16 {
        UInt16(try number(text, 1...65_535, "port"))
    }

    /// `250ms`, `2s`, `5m`: 50 ms to 24 h, or zero where that has a meaning.
    func duration(_ text: String, allowZero: Bool = false) throws(WorkloadArgumentError) -> Duration {
        let units: [(String, Int)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        for (suffix, milliseconds) in units where text.hasSuffix(suffix) {
            let digits = String(text.dropLast(suffix.count))
            guard let count = Int(digits), digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
                continue
            }
            let (total, overflow) = count.multipliedReportingOverflow(by: milliseconds)
            let isShort = total < 50 && !(allowZero && total == 0)
            guard !overflow, !isShort, total <= 86_400_000 else {
                throw error("\"\(text.prefix(20))\" is out of range: use 50ms to 24h")
            }
            return .milliseconds(total)
        }
        throw error("\"\(text.prefix(20))\" is not a duration such as 250ms, 2s or 5m")
    }
}

/// Splits an argument vector into options; accepts `--name value` and `--name=value`.
struct WorkloadArgumentParser {
    /// Bounds against absurd manifests.
    static let maximumArguments = 256
    static let maximumArgumentBytes = 512

    private var rest: ArraySlice<String>

    init(_ arguments: [String]) { rest = arguments[...] }

    mutating func next() throws(WorkloadArgumentError) -> WorkloadArgument? {
        guard let word = rest.popFirst() else { return nil }
        guard rest.count < Self.maximumArguments else {
            throw WorkloadArgumentError(
                option: word, value: "", reason: "more arguments than any workload needs")
        }
        try Self.validate(word)
        guard word.hasPrefix("--") else {
            throw WorkloadArgumentError(
                option: word, value: "", reason: "expected an option that starts with --")
        }
        if let equals = word.firstIndex(of: "=") {
            let value = String(word[word.index(after: equals)...])
            return WorkloadArgument(name: String(word[..<equals]), value: value)
        }
        guard let value = rest.popFirst() else {
            throw WorkloadArgumentError(option: word, value: "", reason: "a value must follow")
        }
        try Self.validate(value)
        return WorkloadArgument(name: word, value: value)
    }

    private static func validate(_ word: String) throws(WorkloadArgumentError) {
        guard word.utf8.count <= maximumArgumentBytes else {
            throw WorkloadArgumentError(
                option: String(word.prefix(20)), value: "",
                reason: "longer than \(maximumArgumentBytes) bytes")
        }
        guard word.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw WorkloadArgumentError(option: "argument", value: "", reason: "contains a control character")
        }
    }
}
