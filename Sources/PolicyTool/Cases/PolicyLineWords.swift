// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// The words of a test line: separated by blanks. `->` is a word also without blanks around it, and
/// so is a comma at the end of a word; other commas belong to theirs, as in `shop/app=cart,tier=web`.
struct PolicyLineWords {
    private let words: [(text: String, column: Int)]
    private let end: Int
    private var position = 0

    init(_ text: String) {
        var words: [(text: String, column: Int)] = []
        var word = ""
        var start = 0
        let characters = Array(text)
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
        func finish() {
            if !word.isEmpty { words.append((word, start)) }
            word = ""
        }
        var index = 0
        while index < characters.count {
            let character = characters[index]
            let isArrow = character == "-" && index + 1 < characters.count && characters[index + 1] == ">"
            let isComma =
                character == "," && (index + 1 == characters.count || isBlank(characters[index + 1]))
            if isBlank(character) {
                finish()
            } else if isArrow || isComma {
                finish()
                words.append((isArrow ? "->" : ",", index))
                if isArrow { index += 1 }
            } else {
                if word.isEmpty { start = index }
                word.append(character)
            }
            index += 1
        }
        finish()
        self.words = words
        end = characters.count
    }

    /// Where the next word starts, from 0.
    var column: Int { position < words.count ? words[position].column : end }

    mutating func next(_ expected: String) throws(PolicyLine.SyntaxError) -> String {
        guard position < words.count else {
            throw PolicyLine.SyntaxError(column: end, message: "the test ends here: expected \(expected)")
        }
        let word = words[position]
        guard word.text != "->", word.text != "," else {
            throw PolicyLine.SyntaxError(
                column: word.column, message: "expected \(expected), found '\(word.text)'")
        }
        position += 1
        return word.text
    }

    mutating func takeIfNext(_ text: String) -> Bool {
        guard position < words.count, words[position].text == text else { return false }
        position += 1
        return true
    }

    mutating func take(_ text: String, _ place: String) throws(PolicyLine.SyntaxError) {
        guard !takeIfNext(text) else { return }
        let found = position < words.count ? ", found \(words[position].text.quotedForMessage)" : ""
        throw PolicyLine.SyntaxError(column: column, message: "expected '\(text)' \(place)\(found)")
    }

    func expectEnd() throws(PolicyLine.SyntaxError) {
        guard position < words.count else { return }
        throw PolicyLine.SyntaxError(
            column: column,
            message:
                "\(words[position].text.quotedForMessage) is not expected here: a test ends after its outcome, "
                + "'by …' or ', pending …'")
    }
}
