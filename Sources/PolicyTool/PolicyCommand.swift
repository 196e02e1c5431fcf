// SPDX-License-Identifier: Apache-2.0
//
// PolicyTool: the commands `vibrissa policy …`. Reads a world from manifests, asks the core, and prints the answer as
// text, JSON, YAML, JUnit or SARIF. What is true of a policy is decided in the core; how it is said is decided here.

public import ArgumentParser

/// `vibrissa policy`: questions about policies in files.
public struct PolicyCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Checks, explains, tests and compares network policies in files, without a cluster.",
        subcommands: [
            ExplainCommand.self, ValidateCommand.self, TestCommand.self, MatrixCommand.self, DiffCommand.self,
            LintCommand.self,
        ])

    public init() {}
}
