// SPDX-License-Identifier: Apache-2.0

/// How a table is laid out for its reader: whether colours help, and how wide the lines may be.
struct TextStyle: Sendable, Hashable {
    /// Colours only repeat what words say already.
    var isColored = false
    /// Columns; nil: as wide as the content needs, nothing is cut.
    var width: Int?

    /// A meaning that a colour may underline.
    enum Tone: Sendable {
        case plain, good, bad, strong, faint
    }

    /// The text in the tone's colour; the plain text where colours are off. The text must be escaped already.
    func tinted(_ text: String, _ tone: Tone) -> String {
        let code =
            switch tone {
            case .plain: ""
            case .good: "32"
            case .bad: "31"
            case .strong: "1"
            case .faint: "2"
            }
        return isColored && !code.isEmpty && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
