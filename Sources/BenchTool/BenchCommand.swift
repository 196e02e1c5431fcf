// SPDX-License-Identifier: Apache-2.0
//
// BenchTool: the commands `vibrissa bench …`. Loads a server of the flow API, whoever wrote it, and says how fast it
// answered and what it cost. What is sent is a pure function of numbers (LoadPlan).

public import ArgumentParser

/// `vibrissa bench`: how much a server takes.
public struct BenchCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Loads a Goldmane-compatible server and measures it.",
        discussion: """
            Do not run it against a server whose flows you want to keep: what it sends is stored like any other \
            flow.
            """,
        subcommands: [IngestCommand.self, QueryCommand.self])

    public init() {}
}
