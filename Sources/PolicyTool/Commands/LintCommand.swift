// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import PolicyAnalysis
internal import PolicyEngine

/// `vibrissa policy lint`.
struct LintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Finds policies and rules that do nothing, do too much, or are not what they seem.",
        discussion: """
            Rules that no traffic ever reaches are found exactly, by following all traffic between the pods of the \
            manifests and any address outside. A warning is probably not what was meant; a note is often deliberate. \
            The name in brackets leads to a description in docs/reference/policy-lints.md.

            Manifests with errors are left out; 'vibrissa policy validate' finds those.

            Exit status: 0 no warnings, 1 warnings (with --strict also notes), 64 wrong usage, 65 the manifests cannot \
            be used.
            """)

    @Argument(help: ArgumentHelp("More manifests or directories, as with -f.", valueName: "path"))
    var paths: [String] = []

    @OptionGroup var world: WorldOptions
    @OptionGroup var output: FormatOptions<FindingsFormat>

    @Option(
        name: .customLong("ignore"), parsing: .singleValue,
        help: ArgumentHelp("Leave out the findings of this lint; may be repeated.", valueName: "lint"))
    var ignored: [LintName] = []

    @Flag(help: "Notes count as warnings do.")
    var strict = false

    func run() throws {
        var options = world
        options.files += paths
        let world = try options.world(style: output.style)
        let lint: PolicyLint
        do {
            lint = try PolicyLint(PolicySnapshot(world.state, generation: 1))
        } catch {
            Console.write(error: "vibrissa policy lint: \(error)\n")
            throw ExitCode.unusableInput
        }
        let left = Set(ignored.map(\.id))
        let report = FindingsReport(findings: lint.findings.filter { !left.contains($0.id) }, world: world)
        switch output.format {
        case .text: Console.write(report.text(output.style))
        case .json: Console.write(try Document.json(report.view))
        case .yaml: Console.write(try Document.yaml(report.view))
        case .sarif: Console.write(try Document.json(report.sarif))
        case .junit: Console.write(report.junit(strict: strict).xml)
        }
        World.reportRemarks(world.remarks, style: output.style)
        if report.count(.warning) > 0 || strict && !report.findings.isEmpty { throw ExitCode(1) }
    }
}

/// The name of a lint.
struct LintName: ExpressibleByArgument, Sendable {
    let id: LintID

    init?(argument: String) {
        guard let id = LintID(rawValue: argument) else { return nil }
        self.id = id
    }

    static var allValueStrings: [String] { LintID.allCases.map(\.rawValue) }
}
