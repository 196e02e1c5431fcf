// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// Comma-separated values (RFC 4180): every cell in quotes, quotes doubled, lines end with CR LF. Names are
/// escaped as in tables, so a row is always one line.
enum CSVText {
    static func line(_ cells: [String]) -> String { cells.map(cell).joined(separator: ",") + "\r\n" }

    private static func cell(_ text: String) -> String {
        "\"" + text.escapedForMessage.reduce(into: "") { $0 += $1 == "\"" ? "\"\"" : String($1) } + "\""
    }
}
