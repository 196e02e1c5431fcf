// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// Lines of text that fit a width, with marks in front and tones that colour may underline.
struct TextBlock {
    /// One paragraph: indented, a mark, then words; further lines stand below the first word.
    struct Paragraph {
        var indent = 0
        var mark = ""
        var text: String
        var tone: TextStyle.Tone?
        /// Further lines are indented by so much more than the first.
        var hang = 0
    }

    private(set) var paragraphs: [Paragraph] = []

    mutating func add(
        _ text: String, indent: Int = 0, mark: String = "", tone: TextStyle.Tone? = nil, hang: Int = 0
    ) {
        paragraphs.append(Paragraph(indent: indent, mark: mark, text: text, tone: tone, hang: hang))
    }

    mutating func append(_ other: TextBlock, indent: Int = 0) {
        for var paragraph in other.paragraphs {
            paragraph.indent += indent
            paragraphs.append(paragraph)
        }
    }

    /// A line as it is shown, and how many columns of it are seen.
    struct Line {
        let text: String
        let columns: Int
    }

    /// Everything is escaped here: names, labels and selectors come from outside.
    func lines(width: Int, _ style: TextStyle) -> [Line] {
        paragraphs.flatMap { Self.lines($0, width, style) }
    }

    func text(_ style: TextStyle) -> String {
        lines(width: style.width, style).map { $0.text + "\n" }.joined()
    }

    private static func lines(_ paragraph: Paragraph, _ width: Int, _ style: TextStyle) -> [Line] {
        guard !paragraph.text.isEmpty else { return [Line(text: "", columns: 0)] }
        let first = String(repeating: " ", count: paragraph.indent) + paragraph.mark
        let rest = String(repeating: " ", count: first.count + paragraph.hang)
        let wrapped = wrap(paragraph.text.escapedForMessage, first: first.count, rest: rest.count, width)
        return wrapped.enumerated().map { number, text in
            let lead = number == 0 ? first : rest
            let tinted = paragraph.tone.map { style.tinted(text, $0) } ?? text
            let mark = number == 0 ? paragraph.tone.map { style.tinted(lead, $0) } ?? lead : lead
            return Line(text: mark + tinted, columns: lead.count + text.count)
        }
    }

    /// Breaks at spaces. A word that is longer than a line stands on one of its own and sticks out: paths and
    /// selectors must stay whole to be copied.
    private static func wrap(_ text: String, first: Int, rest: Int, _ width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let room = width - (lines.isEmpty ? first : rest)
            if !line.isEmpty, line.count + 1 + word.count > room {
                lines.append(line)
                line = String(word)
            } else {
                line += (line.isEmpty ? "" : " ") + word
            }
        }
        return lines + [line]
    }

    /// Two blocks side by side, each in half the width.
    static func columns(_ left: TextBlock, _ right: TextBlock, _ style: TextStyle) -> String {
        let width = (style.width - 3) / 2
        let (first, second) = (left.lines(width: width, style), right.lines(width: width, style))
        return (0..<max(first.count, second.count)).map { row in
            let line = row < first.count ? first[row] : Line(text: "", columns: 0)
            let padding = String(repeating: " ", count: max(0, width - line.columns))
            let other = row < second.count ? " " + second[row].text : ""
            return line.text + padding + " │" + other + "\n"
        }.joined()
    }
}
