// SPDX-License-Identifier: Apache-2.0

extension TextStyle {
    /// Words laid out in lines of at most `width` columns; lines after the first begin with `indent` blanks. A word
    /// that is too long has a line of its own.
    func wrapped(_ text: String, indent: Int, first: Int? = nil) -> String {
        var lines: [String] = []
        var line = String(repeating: " ", count: first ?? indent)
        var columns = first ?? indent
        var isEmpty = true
        for word in text.split(separator: " ") {
            let length = word.count
            if !isEmpty, columns + 1 + length > width {
                lines.append(line)
                line = String(repeating: " ", count: indent)
                columns = indent
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            columns += length + (isEmpty ? 0 : 1)
            isEmpty = false
        }
        return (lines + [line]).joined(separator: "\n")
    }

    /// Up to `limit` items with what is left out counted.
    static func listed(_ items: [String], atMost limit: Int) -> String {
        items.prefix(limit).joined(separator: ", ")
            + (items.count > limit ? " and \(items.count - limit) more" : "")
    }
}
