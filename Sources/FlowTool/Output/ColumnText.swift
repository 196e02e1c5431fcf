// SPDX-License-Identifier: Apache-2.0

/// How many columns of a terminal a text takes, and how to make it take fewer. Texts are escaped already:
/// they hold no control characters.
enum ColumnText {
    static func width(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + width($1) }
    }

    /// A character with its combining marks. East Asian wide ones and pictures take two columns.
    private static func width(_ character: Character) -> Int {
        character.unicodeScalars.reduce(0) { max($0, width($1)) }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3,
            0xf900...0xfaff,
            0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff,
            0x20000...0x3fffd:
            return 2
        default: return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }

    /// The text in at most `width` columns: what is too long is cut in the middle, where names differ least,
    /// and `…` stands for what is gone.
    static func fitting(_ text: String, _ width: Int) -> String {
        guard Self.width(text) > width else { return text }
        guard width > 1 else { return width == 1 ? "…" : "" }
        // The end tells replicas and objects apart, so it gets the odd column.
        let left = (width - 1) / 2
        return prefix(text, left) + "…" + suffix(text, width - 1 - left)
    }

    private static func prefix(_ text: String, _ columns: Int) -> String {
        var (result, used) = ("", 0)
        for character in text {
            used += width(character)
            guard used <= columns else { break }
            result.append(character)
        }
        return result
    }

    private static func suffix(_ text: String, _ columns: Int) -> String {
        var (result, used): ([Character], Int) = ([], 0)
        for character in text.reversed() {
            used += width(character)
            guard used <= columns else { break }
            result.append(character)
        }
        return String(result.reversed())
    }
}
