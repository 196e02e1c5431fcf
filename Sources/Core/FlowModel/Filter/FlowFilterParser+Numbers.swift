// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

extension FlowFilterParser {
    /// The numbers that a comparison with a value allows: `443`, `8000-8080`, or one bound.
    func range(
        _ comparison: FlowFilterOperator, _ value: FlowFilterToken
    ) throws(FlowFilterSyntaxError) -> ClosedRange<Int64> {
        var rest = value.text.utf8[...]
        guard let low = Self.takeNumber(&rest) else { throw notANumber(value) }
        guard comparison == .equals || comparison == .isIn else {
            guard rest.isEmpty else { throw notANumber(value) }
            switch comparison {
            case .atMost: return .min...low
            case .atLeast: return low...(.max)
            case .less where low > .min: return .min...(low - 1)
            case .greater where low < .max: return (low + 1)...(.max)
            default: throw error("no number is \(comparison.rawValue) \(low)", at: value)
            }
        }
        if rest.isEmpty { return low...low }
        guard rest.popFirst() == UInt8(ascii: "-"), let high = Self.takeNumber(&rest), rest.isEmpty else {
            throw notANumber(value)
        }
        guard low <= high else {
            throw error(
                "the range \(value.text.quotedForMessage) is empty", hint: "write \(high)-\(low)", at: value)
        }
        return low...high
    }

    /// One whole number, not a range.
    func number(_ value: FlowFilterToken) throws(FlowFilterSyntaxError) -> Int64 {
        var rest = value.text.utf8[...]
        guard let number = Self.takeNumber(&rest), rest.isEmpty else {
            throw error("\(value.text.quotedForMessage) is no number of 64 bits", at: value)
        }
        return number
    }

    private func notANumber(_ value: FlowFilterToken) -> FlowFilterSyntaxError {
        error(
            "\(value.text.quotedForMessage) is no port number",
            hint: "write a number such as 443, or after =, != and in a range such as 8000-8080; "
                + "names of ports are in service.portname", at: value)
    }

    /// Takes digits, with a minus before them if there is one.
    private static func takeNumber(_ text: inout Substring.UTF8View) -> Int64? {
        let digits = text.first == UInt8(ascii: "-") ? text.dropFirst() : text
        let end = digits.firstIndex { !(0x30...0x39).contains($0) } ?? digits.endIndex
        guard end > digits.startIndex, let number = Int64(Substring(text[..<end])) else { return nil }
        text = text[end...]
        return number
    }
}
