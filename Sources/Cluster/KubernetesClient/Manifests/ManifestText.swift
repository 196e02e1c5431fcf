// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// A file's bytes, checked to be plain UTF-8 text and cut into its YAML documents.
///
/// `---` and `...` at the start of a line end a document wherever they stand, even inside a quoted string
/// (YAML 1.2 section 9.1.2), so cutting needs no parser, and an error in one document leaves its neighbours
/// readable.
struct ManifestText {
    /// The text of one document and the line of the file that it starts on.
    struct Document {
        let text: String
        let firstLine: Int

        /// Lines of the text; a line break at its end starts no further one.
        var lineCount: Int {
            let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            return max(1, lines.last == "" ? lines.count - 1 : lines.count)
        }
    }

    let documents: [Document]

    init(_ bytes: [UInt8], limits: ManifestLimits) throws(ManifestSyntaxError) {
        guard bytes.count <= limits.fileBytes else {
            throw ManifestSyntaxError(
                line: 1, "the file has \(bytes.count) bytes, at most \(limits.fileBytes) are read",
                try: "split it into several files")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Self.invalidUTF8(bytes) }
        try Self.checkCharacters(text)
        documents = Self.split(bytes)
        guard documents.count <= limits.documentsPerFile else {
            throw ManifestSyntaxError(
                line: documents[limits.documentsPerFile].firstLine,
                "the file has more than \(limits.documentsPerFile) documents",
                try: "split it into several files")
        }
    }

    private static func invalidUTF8(_ bytes: [UInt8]) -> ManifestSyntaxError {
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            return ManifestSyntaxError(line: 1, "the file is UTF-16 text", try: "save it as UTF-8")
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        return ManifestSyntaxError(
            line: line + 1, "this line is not UTF-8 text", try: "save the file as UTF-8")
    }

    /// Refuses what YAML forbids or parsers disagree on: control characters, and the line breaks of YAML 1.1
    /// that editors do not count as lines.
    private static func checkCharacters(_ text: String) throws(ManifestSyntaxError) {
        var line = 1
        var column = 0
        for (offset, scalar) in text.unicodeScalars.enumerated() {
            column += 1
            switch scalar.value {
            case 0x0a:
                line += 1
                column = 0
            case 0x09, 0x0d, 0x20...0x7e, 0xa0...0x2027, 0x202a...0xfefe, 0xff00...0x10ffff: break
            case 0xfeff where offset == 0: column = 0
            default:
                throw ManifestSyntaxError(
                    line: line, column: column,
                    "the character U+\(String(scalar.value, radix: 16, uppercase: true)) is not allowed",
                    try: "remove it, or write it as an escape in a double-quoted string")
            }
        }
    }

    private static func split(_ bytes: [UInt8]) -> [Document] {
        var documents: [Document] = []
        let isMarked = bytes.starts(with: [0xef, 0xbb, 0xbf])
        var start = isMarked ? 3 : 0
        var startLine = 1
        var hasContent = false
        var position = start
        var line = 1
        func close(before end: Int, next: Int) {
            if hasContent {
                documents.append(
                    Document(text: String(decoding: bytes[start..<end], as: UTF8.self), firstLine: startLine))
            }
            start = end
            startLine = next
            hasContent = false
        }
        while position < bytes.count {
            let end = bytes[position...].firstIndex { $0 == 0x0a || $0 == 0x0d } ?? bytes.count
            var next = min(end + 1, bytes.count)
            if next < bytes.count, bytes[end] == 0x0d, bytes[next] == 0x0a { next += 1 }
            let text = bytes[position..<end]
            if isMarker(text, UInt8(ascii: "-")) {
                // Comments and directives before the mark belong to the document that it opens.
                if hasContent { close(before: position, next: line) }
                hasContent = true
            } else if isMarker(text, UInt8(ascii: ".")) {
                close(before: next, next: line + 1)
            } else if let first = text.first(where: { $0 != 0x20 && $0 != 0x09 }) {
                hasContent = hasContent || first != UInt8(ascii: "#") && first != UInt8(ascii: "%")
            }
            position = next
            line += 1
        }
        close(before: bytes.count, next: line)
        return documents
    }

    /// `---` or `...`, alone or followed by a blank.
    private static func isMarker(_ line: ArraySlice<UInt8>, _ byte: UInt8) -> Bool {
        guard line.count >= 3, line.prefix(3).allSatisfy({ $0 == byte }) else { return false }
        guard let next = line.dropFirst(3).first else { return true }
        return next == 0x20 || next == 0x09
    }
}
