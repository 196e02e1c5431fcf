// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// Why the text of a filter was refused, and where.
public struct FlowFilterSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was wrong, as a phrase: `unknown field "source.nmae"`. Safe to print: what it quotes of the text is
    /// escaped and cut.
    public let message: String
    /// Where the offending text begins: UTF-8 bytes from the start of the text, 0 to its length.
    public let offset: Int
    /// The same place in characters, from 1. A line break counts as one character.
    public let column: Int
    /// What to write instead, when that can be guessed.
    public let hint: String?

    init(_ message: String, hint: String? = nil, at offset: Int, in text: some Collection<UInt8>) {
        self.message = message
        self.hint = hint
        self.offset = offset
        column = String(decoding: text.prefix(offset), as: UTF8.self).count + 1
    }

    /// `column 5: unknown field "source.nmae" (did you mean source.name?)`
    public var description: String { "column \(column): \(message)" + (hint.map { " (\($0))" } ?? "") }

    /// The line of the text in which the error is, with a caret below the place; of a long line the part around
    /// it. Characters that would move a terminal's cursor are shown as `�`.
    public func excerpt(of text: String) -> String {
        let place = min(column - 1, text.count)
        let characters = Array(text)
        let start = characters[..<place].lastIndex(where: \.isNewline).map { $0 + 1 } ?? 0
        let end = characters[place...].firstIndex(where: \.isNewline) ?? characters.count
        let first = place - start > Self.excerptReach ? place - Self.excerptReach : start
        let last = end - place > Self.excerptReach ? place + Self.excerptReach : end
        let before = (first > start ? "…" : "") + String(characters[first..<place].map(Self.shown))
        let after = String(characters[place..<last].map(Self.shown)) + (last < end ? "…" : "")
        return "\(before)\(after)\n\(String(repeating: " ", count: before.count))^"
    }

    /// Characters of a line that are shown on each side of the error.
    private static let excerptReach = 60

    private static func shown(_ character: Character) -> Character {
        if character == "\t" { return " " }
        return String(character).escapedForMessage == String(character) ? character : "\u{fffd}"
    }
}
