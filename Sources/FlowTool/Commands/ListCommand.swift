// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import FlowModel
internal import FlowStore

/// `vibrissa flows list`.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists flows of a time range, each with its counters summed.",
        discussion: """
            Flows come from a server, or from a file with --from-file. Conditions are combined: all flags \
            must hold, and of a flag that is repeated one value. --filter takes the filter language for the \
            rest.

            Each flow is summed over the windows that lie wholly in the range. The window that is still \
            filling is in none: 'vibrissa flows watch' shows it. Times are UTC.

            Examples:
              vibrissa flows list --since 10m --verdict deny
              vibrissa flows list --from shop/cart --to data/db --port 5432 -o wide
              vibrissa flows list --pending -o jsonl > would-change.jsonl
              vibrissa flows list --from-file would-change.jsonl --namespace shop

            Exit status: 0 done, 1 the server cannot be asked, 64 wrong usage, 65 the file cannot be used.
            """)

    @OptionGroup var source: FlowSourceOptions
    @OptionGroup(title: "Conditions") var filter: FlowFilterOptions
    @OptionGroup var range: FlowRangeOptions
    @OptionGroup var output: FlowOutputOptions
    @OptionGroup var paging: FlowPagingOptions

    @Option(help: "The order: time is newest first, names ascend.")
    var sort = SortArgument.time

    @Flag(name: .shortAndLong, help: "Go on with what comes, as 'vibrissa flows watch' does.")
    var follow = false

    func validate() throws {
        if follow, range.until != nil || paging.isGiven || sort != .time {
            throw ValidationError(
                "--follow has no end and no order; leave out --until, --limit, --page and --sort")
        }
    }

    func run() async throws {
        let expression = try filter.usable("list")
        guard !filter.printFilter else { return FlowFilterOptions.show(expression) }
        if follow {
            let request = FlowFollower.Request(filter: expression, since: range.since)
            return try await WatchCommand.follow(request, source, output, command: "list")
        }
        try await source.ask("list") { source in
            let query = FlowListQuery(
                filter: expression, range: range.range, sortBy: [sort.key], paging: paging.paging)
            let page = try await source.flows.list(query)
            Console.write(FlowWriter.text(page, output.format, style: output.style))
            if page.items.isEmpty, page.totalResults == 0 {
                output.noteNothing("no flows match; the window that is filling is not in a list")
            }
            paging.noteRest(page, of: "flows")
        }
    }
}

/// The orders of a list.
enum SortArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case time
    case sourceName = "source-name"
    case sourceNamespace = "source-namespace"
    case destinationName = "dest-name"
    case destinationNamespace = "dest-namespace"

    var key: FlowSortKey {
        switch self {
        case .time: .time
        case .sourceName: .sourceName
        case .sourceNamespace: .sourceNamespace
        case .destinationName: .destinationName
        case .destinationNamespace: .destinationNamespace
        }
    }
}

/// `--limit` and `--page`.
struct FlowPagingOptions: ParsableArguments {
    static let standardLimit = 1_000
    static let maximumLimit = 1_000_000

    @Option(
        help: ArgumentHelp(
            "How many to show at most; 0: all. Default: \(Self.standardLimit).", valueName: "number"))
    var limit: Int?

    @Option(help: ArgumentHelp("Which page of that size, from 0.", valueName: "number"))
    var page: Int?

    var isGiven: Bool { limit != nil || page != nil }

    var paging: FlowPaging {
        FlowPaging(page: Int64(page ?? 0), pageSize: Int64(limit ?? Self.standardLimit))
    }

    func validate() throws {
        guard (0...Self.maximumLimit).contains(limit ?? 0) else {
            throw ValidationError("--limit is 0 to \(Self.maximumLimit)")
        }
        guard (0...1_000_000_000).contains(page ?? 0) else {
            throw ValidationError("--page is 0 to 1000000000")
        }
        if limit == 0, page ?? 0 > 0 {
            throw ValidationError("--limit 0 shows all on page 0; leave out --page")
        }
    }

    /// Says so when there is more than is shown.
    func noteRest<Item>(_ page: FlowPage<Item>, of things: String) {
        guard page.items.count < page.totalResults else { return }
        let current = Int(paging.page)
        let next = current + 1 < page.totalPages ? "--page \(current + 1) the next" : "--page 0 the first"
        Console.write(
            error:
                "note: \(page.items.count) of \(page.totalResults) \(things) are shown: page \(current) of "
                + "0 to \(max(0, page.totalPages - 1)); \(next), --limit 0 all\n")
    }
}

extension FlowFilterOptions {
    /// The condition of all flags.
    ///
    /// - Throws: `ExitCode` after a message.
    func usable(_ command: String) throws -> FlowExpression {
        do {
            return try expression()
        } catch {
            throw error.told(command)
        }
    }

    static func show(_ expression: FlowExpression) {
        Console.write(expression.filterText + "\n")
    }
}

extension FlowOutputOptions {
    /// Says to a person that there is nothing to see; programs see it themselves.
    func noteNothing(_ text: String) {
        if format == .table || format == .wide { Console.write(error: "note: \(text)\n") }
    }
}
