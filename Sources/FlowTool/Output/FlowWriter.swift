// SPDX-License-Identifier: Apache-2.0

internal import FlowStore

/// Writes flows in the form that was asked for: a list at once, or one after the other.
struct FlowWriter {
    let format: FlowFormat
    private let table: TextTable

    private var isWide: Bool { format == .wide }

    /// For flows that come one by one.
    init(_ format: FlowFormat, style: TextStyle) {
        self.format = format
        table = TextTable(FlowColumns.table(isWide: format == .wide), style: style)
    }

    /// What stands before the first flow.
    var head: String {
        switch format {
        case .table, .wide: table.head
        case .csv: FlowColumns.csvHead
        case .json, .jsonl: ""
        }
    }

    /// One flow in one window.
    func row(_ flow: FlowAggregate, isLive: Bool) -> String {
        switch format {
        case .table, .wide: return table.line(FlowColumns.cells(flow, isWide: isWide))
        case .csv: return FlowColumns.csv(flow)
        case .json, .jsonl:
            var json = JSONWriter()
            json.flow(flow, row: isLive)
            return json.text + "\n"
        }
    }

    /// A list.
    static func text(_ page: FlowPage<FlowAggregate>, _ format: FlowFormat, style: TextStyle) -> String {
        switch format {
        case .table, .wide:
            let isWide = format == .wide
            let rows = page.items.map { FlowColumns.cells($0, isWide: isWide) }
            let table = TextTable(FlowColumns.table(isWide: isWide), rows: rows, style: style)
            return rows.isEmpty ? "" : table.head + rows.map(table.line).joined()
        case .csv: return FlowColumns.csvHead + page.items.map(FlowColumns.csv).joined()
        case .json: return JSONWriter.page(page) { $0.flow($1) }
        case .jsonl: return JSONWriter.lines(page.items) { $0.flow($1) }
        }
    }
}

extension JSONWriter {
    /// `{"total":…,"items":[…]}` and a line feed.
    static func page<Item>(_ page: FlowPage<Item>, _ write: (inout JSONWriter, Item) -> Void) -> String {
        var json = JSONWriter()
        json.object { json in
            json.key("total")
            json.object {
                $0.member("totalPages", page.totalPages)
                $0.member("totalResults", page.totalResults)
            }
            json.key("items")
            json.array(page.items, write)
        }
        return json.text + "\n"
    }

    /// One value a line.
    static func lines<Item>(_ items: [Item], _ write: (inout JSONWriter, Item) -> Void) -> String {
        items.map { item in
            var json = JSONWriter()
            write(&json, item)
            return json.text + "\n"
        }.joined()
    }
}
