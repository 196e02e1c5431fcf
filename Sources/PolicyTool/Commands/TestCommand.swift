// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// `vibrissa policy test`.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Runs tests of policies: connections, and what must become of them.",
        discussion: """
            A test file names a world of manifests and lists connections with the outcome that is wanted:

              world: [manifests/]
              tests:
              - shop/cart -> shop/db:5432 allow by shop/allow-cart
              - shop/cart -> 203.0.113.9:443 deny by end of tier default

            Files of cases, each with a world and whole traces of its own, are run too. Text output is TAP version 14.

            Exit status: 0 all tests pass, 1 some fail, 64 wrong usage, 65 a file cannot be used.
            """)

    @Argument(
        help: ArgumentHelp("Test files, directories of them, or '-' for standard input.", valueName: "file"))
    var files: [String]

    @OptionGroup var output: FormatOptions<ResultsFormat>

    func run() throws {
        let report: PolicyTestReport
        do {
            report = try PolicyTestFile.run(files)
        } catch {
            Console.write(error: "vibrissa policy test: \(error)\n")
            throw ExitCode.unusableInput
        }
        let warnings = report.warnings.map { $0.text(TextStyle()) + "\n" }.joined()
        if !warnings.isEmpty { Console.write(error: warnings) }
        switch output.format {
        case .text: Console.write(report.tap(output.style))
        case .json: Console.write(try Document.json(report.view))
        case .yaml: Console.write(try Document.yaml(report.view))
        case .junit: Console.write(report.junit.xml)
        }
        if report.exitStatus != 0 { throw ExitCode(report.exitStatus) }
    }
}
