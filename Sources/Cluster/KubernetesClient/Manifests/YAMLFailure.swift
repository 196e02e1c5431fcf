// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel
internal import Yams

/// Explains Yams' errors in the words and line numbers of the whole file.
struct YAMLFailure {
    let syntaxError: ManifestSyntaxError

    init(_ error: any Error, _ document: ManifestText.Document) {
        let offset = document.firstLine - 1
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            // What is never closed is noticed past the end, and behind the padding of a short text.
            let line = min(mark.line, document.lineCount)
            let start =
                context.map { context in
                    let first = min(context.mark.line, document.lineCount)
                    return " \(context.text)"
                        + (first == line ? "" : ", which starts in line \(first + offset)")
                } ?? ""
            syntaxError = ManifestSyntaxError(
                line: line + offset, column: line == mark.line ? mark.column : 1,
                "the YAML cannot be read: \(problem)\(start)", try: Self.advice(document, line: line))
        case .duplicatedKeysInMapping(let keys, let context):
            let key = keys.first ?? ""
            let again = Self.repetition(of: key, in: document.text, after: context.mark)
            syntaxError = Self.duplicateKey(
                key, first: context.mark.line + offset, line: again + offset, column: context.mark.column)
        case .reader(let problem, _, _, _):
            syntaxError = ManifestSyntaxError(line: offset + 1, "the YAML cannot be read: \(problem)")
        default:
            syntaxError = ManifestSyntaxError(line: offset + 1, "the YAML cannot be read: \(error)")
        }
    }

    static func duplicateKey(_ key: String, first: Int, line: Int, column: Int) -> ManifestSyntaxError {
        let place = first == line ? "" : ", first in line \(first)"
        return ManifestSyntaxError(
            line: line, column: column,
            "the key \(key.quotedForMessage) is given twice in one object\(place)",
            try: "remove one of them")
    }

    private static func advice(_ document: ManifestText.Document, line: Int) -> String {
        let lines = document.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.indices.contains(line - 1) else { return "" }
        return lines[line - 1].prefix { $0 == " " || $0 == "\t" }.contains("\t")
            ? "indent with spaces: YAML does not allow tabs" : ""
    }

    /// Yams tells where a repeated key stands first. Its next place in a block mapping is the next line that
    /// has the key in the same column; a mapping in braces keeps the first place.
    private static func repetition(of key: String, in text: String, after mark: Mark) -> Int {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let indent = mark.column - 1
        for (index, line) in lines.enumerated().dropFirst(mark.line) {
            let blanks = line.prefix { $0 == " " }.count
            if blanks == line.count { continue }
            if blanks < indent { break }
            let body = line.dropFirst(blanks)
            let spellings = [key, "\"\(key)\"", "'\(key)'"]
            if blanks == indent, spellings.contains(where: { body.hasPrefix($0 + ":") }) { return index + 1 }
        }
        return mark.line
    }
}
