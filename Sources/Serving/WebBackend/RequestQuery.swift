// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

/// The parameters of a request, percent-decoded once.
struct RequestQuery {
    /// Longest request target that is looked at, bytes.
    static let maximumTargetBytes = 131_072
    private static let maximumParameters = 100

    let path: String
    private let parameters: [(name: String, value: String)]

    /// Reads a request target in origin form: `/path?name=value&...`.
    init(target: String) throws(RequestProblem) {
        guard target.utf8.count <= Self.maximumTargetBytes else {
            throw RequestProblem(.uriTooLong, "the address is longer than \(Self.maximumTargetBytes) bytes")
        }
        guard target.utf8.first == UInt8(ascii: "/") else {
            throw RequestProblem(.badRequest, "the request target must be a path that starts with /")
        }
        let withoutFragment = target.prefix { $0 != "#" }
        let parts = withoutFragment.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        let pairs = parts.count > 1 ? parts[1].split(separator: "&") : []
        guard pairs.count <= Self.maximumParameters else {
            throw RequestProblem(
                .badRequest, "the address has more than \(Self.maximumParameters) parameters")
        }
        var parameters: [(name: String, value: String)] = []
        for pair in pairs {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(halves[0], plusIsSpace: true),
                let value = halves.count > 1 ? Self.decoded(halves[1], plusIsSpace: true) : ""
            else {
                throw RequestProblem(
                    .badRequest, "parameter \(halves[0].prefix(40)) is not UTF-8 when decoded")
            }
            parameters.append((name, value))
        }
        self.parameters = parameters
    }

    /// The first value that is not empty.
    func text(_ name: String) -> String? { texts(name).first }

    /// All values that are not empty.
    func texts(_ name: String) -> [String] {
        parameters.filter { $0.name == name && !$0.value.isEmpty }.map(\.value)
    }

    /// A whole number; `fallback` when absent.
    func integer(
        _ name: String, in range: ClosedRange<Int64>, accepted: String, default fallback: Int64
    ) throws(RequestProblem) -> Int64 {
        guard let text = text(name) else { return fallback }
        guard let value = Int64(text), range.contains(value) else {
            throw .parameter(name, given: text, accepted: accepted)
        }
        return value
    }

    /// True or false in the spellings that the original server takes; false when absent.
    func flag(_ name: String) throws(RequestProblem) -> Bool {
        switch text(name) {
        case nil, "0", "f", "F", "false", "FALSE", "False": return false
        case "1", "t", "T", "true", "TRUE", "True": return true
        case .some(let other): throw .parameter(name, given: other, accepted: "true or false")
        }
    }

    /// One of the values of an enumeration; nil when absent.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) throws(RequestProblem) -> Choice? {
        guard let text = text(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw .parameter(name, given: text, accepted: Choice.allNames)
        }
        return choice
    }

    /// Refuses names that nothing reads, so that a slip does not go unnoticed.
    func requireNames(_ accepted: [String]) throws(RequestProblem) {
        for parameter in parameters where !accepted.contains(parameter.name) {
            let names = accepted.isEmpty ? "no parameters" : accepted.joined(separator: ", ")
            throw RequestProblem(
                .badRequest, "there is no parameter \(parameter.name.prefix(40)); accepted: \(names)")
        }
    }

    /// Percent-decodes. A percent sign without two hexadecimal digits stands for itself. Nil when the result
    /// is not UTF-8.
    static func decoded(_ text: some StringProtocol, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        let input = Array(text.utf8)
        var index = 0
        while index < input.count {
            if input[index] == UInt8(ascii: "%"), index + 2 < input.count,
                let high = hexValue(input[index + 1]), let low = hexValue(input[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                let isSpace = plusIsSpace && input[index] == UInt8(ascii: "+")
                bytes.append(isSpace ? UInt8(ascii: " ") : input[index])
                index += 1
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension CaseIterable where Self: RawRepresentable<String> {
    /// All values, for messages.
    static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
