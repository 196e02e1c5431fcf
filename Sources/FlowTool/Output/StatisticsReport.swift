// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import FlowStore

/// What policies did, in each form that it can be given in.
struct StatisticsReport {
    let statistics: [FlowStatistic]
    let measure: FlowStatisticsQuery.Measure
    let isByRule: Bool
    let isTimeSeries: Bool

    func text(_ format: FlowFormat, style: TextStyle) -> String {
        switch format {
        case .table, .wide: table(style)
        case .csv: csv
        case .json: document
        case .jsonl: JSONWriter.lines(statistics) { write($1, to: &$0) }
        }
    }

    /// One line for each value: of a statistic, or of a window of one.
    private var lines: [(statistic: FlowStatistic, start: Int64?, values: FlowStatistic.Values)] {
        statistics.flatMap { statistic in
            statistic.values.enumerated().map { place, values in
                let start = isTimeSeries && place < statistic.starts.count ? statistic.starts[place] : nil
                return (statistic, start, values)
            }
        }
    }

    // MARK: - Table

    private func table(_ style: TextStyle) -> String {
        guard !statistics.isEmpty else { return "" }
        typealias Column = TextTable.Column
        var columns: [Column] = isTimeSeries ? [Column(title: "START", rank: 2)] : []
        columns += [
            Column(title: "TIER", comfortable: 8, minimum: 6, rank: 4),
            Column(title: "POLICY", comfortable: 18, minimum: 10),
        ]
        if isByRule { columns += [Column(title: "RULE", comfortable: 16, minimum: 8, rank: 1)] }
        // In and out, seen from the reporting workload.
        columns += [
            Column(title: "ALLOWED", isRight: true), Column(title: "DENIED", isRight: true),
            Column(title: "PASSED", isRight: true, rank: 3),
        ]
        let rows = lines.map { cells($0.statistic, $0.start, $0.values) }
        let table = TextTable(columns, rows: rows, style: style)
        return table.head + rows.map(table.line).joined()
    }

    private func cells(
        _ statistic: FlowStatistic, _ start: Int64?, _ values: FlowStatistic.Values
    ) -> [TextTable.Cell] {
        typealias Cell = TextTable.Cell
        var cells: [Cell] = isTimeSeries ? [Cell(start.map(RFC3339.text(seconds:)) ?? "-", .faint)] : []
        cells += [Cell(statistic.policy.tier), Cell(FlowColumns.policy(statistic.policy))]
        if isByRule { cells.append(Cell(Self.rule(statistic))) }
        func number(_ value: UInt64) -> String {
            measure == .bytes ? Quantity.bytes(value) : Quantity.count(value)
        }
        func shown(_ received: UInt64, _ sent: UInt64, _ tone: TextStyle.Tone) -> Cell {
            received == 0 && sent == 0 ? Cell("-", .faint) : Cell("\(number(received))/\(number(sent))", tone)
        }
        return cells + [
            shown(values.allowedIn, values.allowedOut, .good), shown(values.deniedIn, values.deniedOut, .bad),
            shown(values.passedIn, values.passedOut, .plain),
        ]
    }

    /// `ingress 0 allow`, `egress end deny`.
    private static func rule(_ statistic: FlowStatistic) -> String {
        let index = statistic.ruleIndex.map { $0 < 0 ? "end" : "\($0)" } ?? "-"
        return "\(statistic.direction) \(index) \(statistic.action.name.lowercased())"
    }

    // MARK: - CSV

    private static let valueNames = [
        "allowed_in", "allowed_out", "denied_in", "denied_out", "passed_in", "passed_out",
    ]

    private static func list(_ values: FlowStatistic.Values) -> [UInt64] {
        [
            values.allowedIn, values.allowedOut, values.deniedIn, values.deniedOut, values.passedIn,
            values.passedOut,
        ]
    }

    private var csv: String {
        let head =
            (isTimeSeries ? ["start_time"] : []) + ["kind", "tier", "namespace", "name"]
            + (isByRule ? ["rule_index", "action", "direction"] : []) + Self.valueNames
        return CSVText.line(head)
            + lines.map { statistic, start, values in
                let policy = statistic.policy
                var cells = isTimeSeries ? [start.map(RFC3339.text(seconds:)) ?? ""] : []
                cells += [policy.kind.name, policy.tier, policy.namespace, policy.name]
                if isByRule {
                    cells += [
                        statistic.ruleIndex.map { "\($0)" } ?? "", statistic.action.name,
                        "\(statistic.direction)",
                    ]
                }
                return CSVText.line(cells + Self.list(values).map { "\($0)" })
            }.joined()
    }

    // MARK: - JSON

    private var document: String {
        var json = JSONWriter()
        json.object {
            $0.key("items")
            $0.array(statistics) { write($1, to: &$0) }
        }
        return json.text + "\n"
    }

    /// As the HTTP API has it.
    private func write(_ statistic: FlowStatistic, to json: inout JSONWriter) {
        json.object { json in
            json.named(statistic.policy)
            if let index = statistic.ruleIndex {
                json.member("rule_index", index)
                json.member("action", statistic.action.name)
                json.member("direction", "\(statistic.direction)")
            }
            if !statistic.starts.isEmpty {
                json.key("start_times")
                json.array(statistic.starts) { $0.time(seconds: $1) }
            }
            let names: [StaticString] = [
                "allowed_in", "allowed_out", "denied_in", "denied_out", "passed_in", "passed_out",
            ]
            for (place, name) in names.enumerated() {
                json.key(name)
                json.array(statistic.values) { $0.integer(Self.list($1)[place]) }
            }
        }
    }
}
