// SPDX-License-Identifier: Apache-2.0

/// How text is laid out for its reader: whether colours help, and how wide the lines may be.
public struct TextStyle: Sendable, Hashable {
    /// Colours only repeat what words and marks say already.
    public var isColored: Bool
    /// Columns.
    public var width: Int

    public init(isColored: Bool = false, width: Int = Self.defaultWidth) {
        self.isColored = isColored
        self.width = width
    }

    /// Columns where there is no terminal to ask.
    public static let defaultWidth = 100

    /// A meaning that a colour may underline.
    public enum Tone: Sendable, CaseIterable {
        case good, bad, warning, strong, faint
    }

    /// The text in the tone's colour; the plain text where colours are off. The text must be escaped already.
    public func tinted(_ text: String, _ tone: Tone) -> String {
        guard isColored, !text.isEmpty else { return text }
        let code =
            switch tone {
            case .good: "32"
            case .bad: "31"
            case .warning: "33"
            case .strong: "1"
            case .faint: "2"
            }
        return "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }
}
