// SPDX-License-Identifier: Apache-2.0
//
// FlowTool: the commands `vibrissa flows …`. Asks a server, or a file of flows, through the port
// `FlowQuerying` and prints the answer as a table, JSON or CSV. How a server is reached is not known here:
// see `FlowConnecting`.

public import ArgumentParser

/// `vibrissa flows`: questions about what happened on the network.
public struct FlowsCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "flows",
        abstract: "Shows flows of a Goldmane-compatible server, or of a file.",
        subcommands: [ListCommand.self, WatchCommand.self, StatsCommand.self, HintsCommand.self])

    public init() {}
}
