// SPDX-License-Identifier: Apache-2.0

extension Selector {
    /// Longest selector text accepted, in bytes. Calico's own limit on policy fields is 1,024 characters;
    /// selectors derived from Kubernetes label selectors may be longer.
    public static let maximumTextBytes = 16 * 1024
    /// Deepest nesting of parentheses accepted, in the text and in its canonical form, so that hostile text cannot
    /// exhaust the stack.
    public static let maximumDepth = 64

    /// Parses selector text (grammar: policy semantics, section 2.1). Empty or blank text means `all()`.
    public init(parsing text: String) throws(SelectorSyntaxError) {
        var parser = SelectorParser(text)
        root = try parser.parse()
    }
}

/// Recursive descent over the selector's bytes; whitespace is space and tab only.
struct SelectorParser {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func parse() throws(SelectorSyntaxError) -> Selector.Node {
        guard bytes.count <= Selector.maximumTextBytes else {
            throw error("the selector is longer than \(Selector.maximumTextBytes) bytes")
        }
        skipSpace()
        if position == bytes.count { return .all }
        let node = try parseOr()
        skipSpace()
        guard position == bytes.count else { throw error("expected '&&', '||' or the end of the selector") }
        // Canonical text writes parentheses around the outermost group too, and must not be refused for them.
        guard Self.groupDepth(node) < Selector.maximumDepth else { throw tooDeep }
        return node
    }

    private static func groupDepth(_ node: Selector.Node) -> Int {
        switch node {
        case .and(let parts), .or(let parts): 1 + (parts.lazy.map(groupDepth).max() ?? 0)
        case .not(let inner): groupDepth(inner)
        default: 0
        }
    }

    private var tooDeep: SelectorSyntaxError {
        error("the selector nests deeper than \(Selector.maximumDepth) levels")
    }

    private mutating func parseOr() throws(SelectorSyntaxError) -> Selector.Node {
        var parts = [try parseAnd()]
        while takeSymbol("||") { parts.append(try parseAnd()) }
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func parseAnd() throws(SelectorSyntaxError) -> Selector.Node {
        var parts = [try parseUnary()]
        while takeSymbol("&&") { parts.append(try parseUnary()) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func parseUnary() throws(SelectorSyntaxError) -> Selector.Node {
        var negated = false
        while takeSymbol("!") { negated.toggle() }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Selector.maximumDepth else { throw tooDeep }
        let node = try parseAtom()
        return negated ? .not(node) : node
    }

    private mutating func parseAtom() throws(SelectorSyntaxError) -> Selector.Node {
        skipSpace()
        if takeSymbol("(") {
            let node = try parseOr()
            guard takeSymbol(")") else { throw error("expected ')'") }
            return node
        }
        if let keyword = takeCall("has") {
            skipSpace()
            guard let key = try takeLabel() else { throw error("expected a label name in '\(keyword)(…)'") }
            guard takeSymbol(")") else { throw error("expected ')' after the label name in 'has(…)'") }
            return .has(key)
        }
        for (keyword, node) in [("all", Selector.Node.all), ("global", .global)]
        where takeCall(keyword) != nil {
            guard takeSymbol(")") else { throw error("'\(keyword)()' takes no argument: expected ')'") }
            return node
        }
        guard let key = try takeLabel() else {
            throw error("expected a label name, 'has(', 'all()', 'global()', '!' or '('")
        }
        return try parseOperator(after: key)
    }

    private mutating func parseOperator(after key: String) throws(SelectorSyntaxError) -> Selector.Node {
        if takeSymbol("==") { return .equals(key, try takeString(after: "==")) }
        if takeSymbol("!=") { return .notEquals(key, try takeString(after: "!=")) }
        if takeWords("contains") { return .contains(key, try takeString(after: "contains")) }
        if takeWords("starts", "with") { return .startsWith(key, try takeString(after: "starts with")) }
        if takeWords("ends", "with") { return .endsWith(key, try takeString(after: "ends with")) }
        if takeWords("not", "in") { return .notIn(key, try takeSet(after: "not in")) }
        if takeWords("in") { return .isIn(key, try takeSet(after: "in")) }
        throw error(
            "expected an operator after the label '\(key)': ==, !=, in, not in, contains, starts with or ends with"
        )
    }

    // MARK: Tokens

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
    }

    private mutating func takeSymbol(_ symbol: StaticString) -> Bool {
        skipSpace()
        let wanted = UnsafeBufferPointer(start: symbol.utf8Start, count: symbol.utf8CodeUnitCount)
        guard bytes[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    /// Takes `name(` with the parenthesis directly attached; otherwise takes nothing.
    private mutating func takeCall(_ name: String) -> String? {
        let wanted = Array(name.utf8) + [UInt8(ascii: "(")]
        guard bytes[position...].starts(with: wanted) else { return nil }
        position += wanted.count
        return name
    }

    /// Takes an operator made of one or two words; the last must end at a character that cannot be in a
    /// label.
    private mutating func takeWords(_ first: String, _ second: String? = nil) -> Bool {
        let start = position
        skipSpace()
        guard bytes[position...].starts(with: first.utf8) else {
            position = start
            return false
        }
        position += first.utf8.count
        if let second {
            skipSpace()
            guard bytes[position...].starts(with: second.utf8) else {
                position = start
                return false
            }
            position += second.utf8.count
        }
        if position < bytes.count, Self.isLabelByte(bytes[position]) {
            position = start
            return false
        }
        return true
    }

    private mutating func takeLabel() throws(SelectorSyntaxError) -> String? {
        let end = bytes[position...].firstIndex { !Self.isLabelByte($0) } ?? bytes.count
        guard end > position else { return nil }
        guard end - position <= 512 else { throw error("a label name is at most 512 characters long") }
        defer { position = end }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }

    private mutating func takeString(after symbol: String) throws(SelectorSyntaxError) -> String {
        skipSpace()
        guard position < bytes.count,
            bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'")
        else { throw error("expected a quoted string after '\(symbol)'") }
        let quote = bytes[position]
        guard let end = bytes[(position + 1)...].firstIndex(of: quote) else {
            throw error("this quoted string is never closed")
        }
        defer { position = end + 1 }
        return String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
    }

    /// `{ 'a', 'b', }`: possibly empty, a trailing comma is allowed. Returns the values sorted and unique.
    private mutating func takeSet(after symbol: String) throws(SelectorSyntaxError) -> [String] {
        guard takeSymbol("{") else { throw error("expected '{' after '\(symbol)'") }
        var values: [String] = []
        while !takeSymbol("}") {
            values.append(try takeString(after: values.isEmpty ? "{" : ","))
            if takeSymbol(",") { continue }
            guard takeSymbol("}") else { throw error("expected ',' or '}' in the set") }
            break
        }
        return values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.reduce(into: []) {
            unique, value in
            if !(unique.last?.hasSameBytes(as: value) ?? false) { unique.append(value) }
        }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private func error(_ message: String) -> SelectorSyntaxError {
        let rest = String(decoding: bytes[min(position, bytes.count)...].prefix(96), as: UTF8.self)
        return SelectorSyntaxError(message: message, offset: position, offender: String(rest.prefix(24)))
    }
}
