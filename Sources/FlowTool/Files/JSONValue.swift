// SPDX-License-Identifier: Apache-2.0

/// A JSON value (RFC 8259), read from one line of a file.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A whole number as far as 64 bits with a sign, or without one, reach.
    case integer(magnitude: UInt64, isNegative: Bool)
    /// Any other number.
    case fraction
    case string(String)
    case array([JSONValue])
    /// Names are unique.
    case object([String: JSONValue])
}

/// Why a text is no JSON that can be used.
struct JSONProblem: Error, Equatable, CustomStringConvertible {
    /// A phrase: `a comma or ] is missing`.
    let message: String
    /// In bytes, from 1.
    let column: Int

    var description: String { "column \(column): \(message)" }
}

/// Reads one JSON value. Depth and the number of values are bounded; the length is bounded by the caller.
struct JSONParser {
    static let maximumDepth = 16
    /// Values in one text.
    static let maximumValues = 100_000

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var values = 0

    static func parse(_ bytes: ArraySlice<UInt8>) throws(JSONProblem) -> JSONValue {
        var parser = JSONParser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipBlanks()
        guard parser.position == bytes.endIndex else {
            throw parser.problem("something follows the end of the value")
        }
        return value
    }

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    private func problem(_ message: String) -> JSONProblem {
        JSONProblem(message: message, column: position - bytes.startIndex + 1)
    }

    private var current: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || (0x09...0x0d).contains(byte) && byte != 0x0b && byte != 0x0c
        {
            position += 1
        }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard current == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    // MARK: - Values

    private mutating func value(depth: Int) throws(JSONProblem) -> JSONValue {
        skipBlanks()
        values += 1
        guard values <= Self.maximumValues else {
            throw problem("there are more than \(Self.maximumValues) values")
        }
        guard depth <= Self.maximumDepth else {
            throw problem("nested deeper than \(Self.maximumDepth) levels")
        }
        switch current {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .string(try string())
        case .some(let byte) where byte == UInt8(ascii: "-") || (48...57).contains(byte): return try number()
        default: break
        }
        let words: [(String, JSONValue)] = [("null", .null), ("true", .bool(true)), ("false", .bool(false))]
        for (word, value) in words where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return value
        }
        throw problem(current == nil ? "the text ends where a value should be" : "no JSON value begins here")
    }

    private mutating func object(_ depth: Int) throws(JSONProblem) -> JSONValue {
        position += 1
        var members: [String: JSONValue] = [:]
        if take("}") { return .object(members) }
        repeat {
            skipBlanks()
            guard current == UInt8(ascii: "\"") else { throw problem("a member's name in quotes is missing") }
            let start = position
            let name = try string()
            guard take(":") else { throw problem("a colon is missing after the name") }
            guard members.updateValue(try value(depth: depth + 1), forKey: name) == nil else {
                position = start
                throw problem("the object has two members of this name")
            }
        } while take(",")
        guard take("}") else { throw problem("a comma or } is missing") }
        return .object(members)
    }

    private mutating func array(_ depth: Int) throws(JSONProblem) -> JSONValue {
        position += 1
        var items: [JSONValue] = []
        if take("]") { return .array(items) }
        repeat { items.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw problem("a comma or ] is missing") }
        return .array(items)
    }

    private mutating func number() throws(JSONProblem) -> JSONValue {
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let digits = takeDigits()
        guard !digits.isEmpty, digits.count == 1 || digits.first != 48 else {
            throw problem("this is no number")
        }
        var isWhole = true
        if current == UInt8(ascii: ".") {
            position += 1
            isWhole = false
            guard !takeDigits().isEmpty else { throw problem("this is no number") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            isWhole = false
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard !takeDigits().isEmpty else { throw problem("this is no number") }
        }
        guard isWhole, digits.count <= 20, let magnitude = UInt64(String(decoding: digits, as: UTF8.self))
        else {
            return .fraction
        }
        return .integer(magnitude: magnitude, isNegative: isNegative && magnitude > 0)
    }

    private mutating func takeDigits() -> ArraySlice<UInt8> {
        let start = position
        while let byte = current, (48...57).contains(byte) { position += 1 }
        return bytes[start..<position]
    }

    // MARK: - Strings

    private mutating func string() throws(JSONProblem) -> String {
        let start = position
        position += 1
        var text: [UInt8] = []
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else {
                throw problem("a control character stands in a string; it must be escaped")
            }
            if byte == UInt8(ascii: "\\") {
                text += try escape()
            } else {
                text.append(byte)
                position += 1
            }
        }
        guard current != nil else {
            position = start
            throw problem("this string is never closed")
        }
        position += 1
        guard let string = String(validating: text, as: UTF8.self) else {
            position = start
            throw problem("this string is not UTF-8")
        }
        return string
    }

    private mutating func escape() throws(JSONProblem) -> [UInt8] {
        let start = position
        position += 2
        switch start + 1 < bytes.endIndex ? bytes[start + 1] : 0 {
        case UInt8(ascii: "\""): return [0x22]
        case UInt8(ascii: "\\"): return [0x5c]
        case UInt8(ascii: "/"): return [0x2f]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            if let scalar = takeScalar() { return Array(String(Character(scalar)).utf8) }
        default: break
        }
        position = start
        throw problem("this escape is not known, or half of a pair")
    }

    /// The digits after `\u`, and a second escape when the first is one half of a pair.
    private mutating func takeScalar() -> Unicode.Scalar? {
        guard let first = takeUnit() else { return nil }
        guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
        guard bytes[position...].starts(with: "\\u".utf8) else { return nil }
        position += 2
        guard let second = takeUnit(), UTF16.isTrailSurrogate(second) else { return nil }
        return Unicode.Scalar(0x10000 + (UInt32(first & 0x3ff) << 10 | UInt32(second & 0x3ff)))
    }

    private mutating func takeUnit() -> UInt16? {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else {
            return nil
        }
        position += 4
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
