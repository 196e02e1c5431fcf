// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import FlowStore
internal import PolicyModel

/// `vibrissa flows hints`.
struct HintsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hints",
        abstract: "Lists the values that a field has, to find what to filter by.",
        discussion: """
            Values of flows that meet the conditions, each once, ascending by bytes; the window that is \
            filling counts. Names of policies are those of all hits but profiles.

            Examples:
              vibrissa flows hints source-namespace
              vibrissa flows hints dest-name --from shop/cart
              vibrissa flows hints policy-name --verdict deny

            Exit status: 0 done, 1 the server cannot be asked, 64 wrong usage, 65 the file cannot be used.
            """)

    @Argument(help: ArgumentHelp("The field.", valueName: "type"))
    var type: HintArgument

    @OptionGroup var source: FlowSourceOptions
    @OptionGroup(title: "Conditions") var filter: FlowFilterOptions
    @OptionGroup var range: FlowRangeOptions
    @OptionGroup var output: FlowOutputOptions
    @OptionGroup var paging: FlowPagingOptions

    func run() async throws {
        let expression = try filter.usable("hints")
        guard !filter.printFilter else { return FlowFilterOptions.show(expression) }
        try await source.ask("hints") { source in
            let query = FlowHintsQuery(
                type: type.type, filter: expression, range: range.range, paging: paging.paging)
            let page = try await source.flows.hints(query)
            Console.write(Self.text(page, output.format))
            if page.totalResults == 0 { output.noteNothing("no flow has a value there") }
            paging.noteRest(page, of: "values")
        }
    }

    static func text(_ page: FlowPage<String>, _ format: FlowFormat) -> String {
        func write(_ json: inout JSONWriter, _ value: String) {
            json.object { $0.member("value", value) }
        }
        return switch format {
        case .table, .wide: page.items.map { $0.escapedForMessage + "\n" }.joined()
        case .json: JSONWriter.page(page, write)
        case .jsonl: JSONWriter.lines(page.items, write)
        case .csv: CSVText.line(["value"]) + page.items.map { CSVText.line([$0]) }.joined()
        }
    }
}

/// The fields that have hints.
enum HintArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case sourceName = "source-name"
    case sourceNamespace = "source-namespace"
    case destinationName = "dest-name"
    case destinationNamespace = "dest-namespace"
    case policyTier = "policy-tier"
    case policyName = "policy-name"
    case policyKind = "policy-kind"
    case policyNamespace = "policy-namespace"

    var type: FlowHintType {
        switch self {
        case .sourceName: .sourceName
        case .sourceNamespace: .sourceNamespace
        case .destinationName: .destinationName
        case .destinationNamespace: .destinationNamespace
        case .policyTier: .policyTier
        case .policyName: .policyName
        case .policyKind: .policyKind
        case .policyNamespace: .policyNamespace
        }
    }
}
