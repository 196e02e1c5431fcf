// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import FlowModel
internal import FlowStore

/// `vibrissa flows stats`.
struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Shows what each policy, or each rule, did to the traffic.",
        discussion: """
            Tables show what came in and what went out, as the reporting workload sees it: 960/840. Staged \
            policies count by what they would do; the end of a tier counts for the policy that is named for \
            it.

            Examples:
              vibrissa flows stats --since 1h --measure bytes
              vibrissa flows stats --by rule --policy shop/allow-cart
              vibrissa flows stats --time-series -o csv > policies.csv

            Exit status: 0 done, 1 the server cannot be asked, 64 wrong usage, 65 the file cannot be used.
            """)

    @OptionGroup var source: FlowSourceOptions
    @OptionGroup var range: FlowRangeOptions
    @OptionGroup var output: FlowOutputOptions

    @Option(help: "One line for each.")
    var by = GroupingArgument.policy

    @Option(help: "What is counted; connections are those that were open.")
    var measure = MeasureArgument.packets

    @Flag(help: "A value for each window with data, in place of one sum.")
    var timeSeries = false

    @Option(
        help: ArgumentHelp(
            "Only this policy: NAME, NAMESPACE/NAME, or either after a kind as in knp:shop/web.",
            valueName: "policy"))
    var policy: PolicyArgument?

    @Option(help: ArgumentHelp("Only policies of this tier.", valueName: "name"))
    var tier: String?

    func run() async throws {
        var match = policy?.condition ?? FlowPolicyCondition()
        match.tier = tier.map { FlowTextMatch(.equals, $0) }
        let query = FlowStatisticsQuery(
            range: range.range, measure: measure.measure, grouping: by.grouping, match: match,
            isTimeSeries: timeSeries)
        try await source.ask("stats") { source in
            let report = StatisticsReport(
                statistics: try await Self.statistics(query, source), measure: query.measure,
                isByRule: by == .rule,
                isTimeSeries: timeSeries)
            Console.write(report.text(output.format, style: output.style))
            if report.statistics.isEmpty { output.noteNothing("no policy did anything in this time") }
        }
    }

    private static func statistics(
        _ query: FlowStatisticsQuery, _ source: FlowSource
    ) async throws(FlowQueryError) -> [FlowStatistic] {
        do throws(FlowQueryError) {
            return try await source.flows.statistics(query)
        } catch .unsupported where query.grouping == .exactRule {
            Console.write(
                error:
                    "note: \(source.name) knows rules only by action and by the place of their policy in the "
                    + "trace: that place stands for the rule's index\n")
            var query = query
            query.grouping = .rule
            return try await source.flows.statistics(query)
        }
    }
}

/// What statistics have a line for.
enum GroupingArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case policy, rule

    var grouping: FlowStatisticsQuery.Grouping { self == .policy ? .policy : .exactRule }
}

/// What statistics count.
enum MeasureArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case packets, bytes, connections

    var measure: FlowStatisticsQuery.Measure {
        switch self {
        case .packets: .packets
        case .bytes: .bytes
        case .connections: .liveConnections
        }
    }
}
