// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// Columns that fit a terminal: those that may be cut shrink first, then the least important ones go.
struct TextTable {
    struct Column {
        var title: String
        /// Numbers are flush right.
        var isRight = false
        /// What the column is cut to before others go; nil: it is never cut.
        var comfortable: Int?
        /// What the column is cut to when no other can go.
        var minimum: Int?
        /// Columns of a greater rank go first when there is no room; 0: never.
        var rank = 0
        /// Width of cells that are not known yet: of a stream.
        var usual = 0
    }

    struct Cell {
        var text: String
        var tone = TextStyle.Tone.plain

        /// Text from outside: it is escaped.
        init(_ text: String, _ tone: TextStyle.Tone = .plain) {
            self.text = text.escapedForMessage
            self.tone = tone
        }
    }

    static let gap = 2

    let columns: [Column]
    let style: TextStyle
    /// By column; nil: it is left out.
    private let widths: [Int?]

    /// A table whose rows are known.
    init(_ columns: [Column], rows: [[Cell]], style: TextStyle) {
        let wanted = columns.indices.map { place in
            rows.reduce(ColumnText.width(columns[place].title)) {
                max($0, ColumnText.width($1[place].text))
            }
        }
        self.init(columns, wanted: wanted, style: style)
    }

    /// A table whose rows come one by one.
    init(_ columns: [Column], style: TextStyle) {
        self.init(columns, wanted: columns.map { max($0.usual, ColumnText.width($0.title)) }, style: style)
    }

    private init(_ columns: [Column], wanted: [Int], style: TextStyle) {
        self.columns = columns
        self.style = style
        widths = Self.layout(columns, wanted, style.width)
    }

    private static func layout(_ columns: [Column], _ wanted: [Int], _ width: Int?) -> [Int?] {
        var widths = wanted.map(Optional.some)
        guard let width else { return widths }
        func total(_ widths: [Int?]) -> Int {
            widths.reduce(-gap) { $0 + ($1.map { $0 + gap } ?? 0) }
        }
        func atLeast(_ place: Int, _ floor: Int?) -> Int? { widths[place].map { min($0, floor ?? $0) } }
        while total(columns.indices.map { atLeast($0, columns[$0].comfortable) }) > width,
            let place = columns.indices.filter({ widths[$0] != nil && columns[$0].rank > 0 })
                .max(by: { columns[$0].rank < columns[$1].rank })
        {
            widths[place] = nil
        }
        // The widest gives first, so that short names stay whole.
        while total(widths) > width,
            let place = columns.indices.filter({
                (widths[$0] ?? 0) > (atLeast($0, columns[$0].minimum) ?? .max)
            })
            .max(by: { (widths[$0] ?? 0) < (widths[$1] ?? 0) })
        {
            widths[place] = (widths[place] ?? 0) - 1
        }
        return widths
    }

    /// The line of titles, with a line feed.
    var head: String {
        line(columns.map { Cell($0.title, .strong) })
    }

    /// One row, with a line feed.
    func line(_ cells: [Cell]) -> String {
        var line = ""
        for place in columns.indices {
            guard let width = widths[place] else { continue }
            let text = style.width == nil ? cells[place].text : ColumnText.fitting(cells[place].text, width)
            let blanks = String(repeating: " ", count: max(0, width - ColumnText.width(text)))
            let shown = style.tinted(text, cells[place].tone)
            line += columns[place].isRight ? blanks + shown : shown + blanks
            line += String(repeating: " ", count: Self.gap)
        }
        // Blanks at the end of a line help nobody.
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }
}
