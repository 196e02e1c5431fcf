// SPDX-License-Identifier: Apache-2.0

/// Meaning of unquoted scalars: the core schema of YAML 1.2 (section 10.3.2).
enum YAMLScalar {
    static func resolve(_ text: String) -> ManifestValue.Content {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        guard let first = text.utf8.first, text.utf8.count <= 64,
            isDigit(first) || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains(first)
        else { return .string(text) }
        return integer(text) ?? decimal(text) ?? .string(text)
    }

    /// `[-+]?[0-9]+`, `0o[0-7]+`, `0x[0-9a-fA-F]+`; past 64 bits the value becomes a floating-point number.
    private static func integer(_ text: String) -> ManifestValue.Content? {
        for (prefix, radix) in [("0o", 8), ("0x", 16)] where text.hasPrefix(prefix) {
            let digits = text.dropFirst(2)
            guard let first = digits.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+") else {
                return nil
            }
            return Int(digits, radix: radix).map { .int($0) }
        }
        let digits = unsigned(text)
        guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit) else { return nil }
        return Int(text).map { .int($0) } ?? Double(text).map { .double($0) }
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, `[-+]?\.inf`, `.nan`.
    private static func decimal(_ text: String) -> ManifestValue.Content? {
        let body = unsigned(text)
        switch body {
        case ".inf", ".Inf", ".INF": return .double(text.hasPrefix("-") ? -.infinity : .infinity)
        case ".nan", ".NaN", ".NAN": return text == String(body) ? .double(.nan) : nil
        default: break
        }
        let halves = body.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        let parts = halves[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ $0.utf8.allSatisfy(isDigit) }), parts.contains(where: { !$0.isEmpty }) else {
            return nil
        }
        if halves.count == 2 {
            let exponent = unsigned(halves[1])
            guard !exponent.isEmpty, exponent.utf8.allSatisfy(isDigit) else { return nil }
        }
        let sign = text.hasPrefix("-") ? "-" : ""
        let whole = parts[0].isEmpty ? "0" : parts[0]
        let fraction = parts.count == 2 && !parts[1].isEmpty ? ".\(parts[1])" : ""
        let exponent = halves.count == 2 ? "e\(halves[1])" : ""
        return Double("\(sign)\(whole)\(fraction)\(exponent)").map { .double($0) }
    }

    private static func unsigned(_ text: some StringProtocol) -> Substring {
        let isSigned = text.hasPrefix("-") || text.hasPrefix("+")
        return Substring(text).dropFirst(isSigned ? 1 : 0)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
