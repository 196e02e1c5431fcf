// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// `vibrissa flows watch`.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Shows flows as they change, the window that is filling included.",
        discussion: """
            A row is one flow in one window. It comes again whenever it changed, with its totals so far: \
            take the newest row of an id, do not add rows up. With --closed each comes once, when its window \
            has been over for one window length. A server without live changes is watched like that too, and \
            a note says so.

            What the server had to leave out is said as 'gap:' on standard error. Times are UTC. A file is \
            shown from its first flow, or --since, to its end.

            Examples:
              vibrissa flows watch --verdict deny
              vibrissa flows watch --since 5m --to internet -o jsonl
              vibrissa flows watch --count 1 --from shop/cart --to shop/new-service

            Ctrl-C ends it, as does SIGTERM, or that nobody reads the output any more.

            Exit status: 0 ended as asked, 1 the server cannot be asked or has ended the stream, 64 wrong \
            usage, 65 the file cannot be used.
            """)

    @OptionGroup var source: FlowSourceOptions
    @OptionGroup(title: "Conditions") var filter: FlowFilterOptions
    @OptionGroup var output: FlowOutputOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Begin with what changed since: \(TimeArgument.forms).", valueName: "time"),
        transform: TimeArgument.reading)
    var since: TimeArgument?

    @Option(help: ArgumentHelp("End after so many rows.", valueName: "number"))
    var count: Int?

    @Flag(help: "Show each flow once a window, when that is over.")
    var closed = false

    func validate() throws {
        guard (1...Int.max).contains(count ?? 1) else { throw ValidationError("--count is 1 or more") }
    }

    func run() async throws {
        let expression = try filter.usable("watch")
        guard !filter.printFilter else { return FlowFilterOptions.show(expression) }
        let request = FlowFollower.Request(
            filter: expression, since: since, count: count, isClosedOnly: closed)
        try await Self.follow(request, source, output, command: "watch")
    }

    /// Follows until it ends by itself or is ended.
    static func follow(
        _ request: FlowFollower.Request, _ options: FlowSourceOptions, _ output: FlowOutputOptions,
        command: String
    ) async throws {
        let follower = FlowFollower(
            request: request, writer: FlowWriter(output.format, style: output.style),
            output: { Console.write($0) }, say: { Console.write(error: $0 + "\n") })
        try await options.ask(command) { source in
            try await Interrupts.running { try await follower.follow(source, now: Console.now) }
        }
    }
}
