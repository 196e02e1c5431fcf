// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// `vibrissa policy validate`.
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Finds every problem in manifests, with its place and what to try.",
        discussion: """
            Checks policies and what they depend on: syntax, fields, limits, selectors, names, and what objects say of \
            each other. An error means that the document would be left out; everything else counts. A warning means \
            that the document counts and is probably not what was meant.

            Exit status: 0 no errors, 1 errors (with --strict also warnings), 64 wrong usage, 65 a path cannot be \
            read, or there are no manifests.
            """)

    @Argument(help: ArgumentHelp("More manifests or directories, as with -f.", valueName: "path"))
    var paths: [String] = []

    @OptionGroup var world: WorldOptions
    @OptionGroup var output: FormatOptions<FindingsFormat>

    @Flag(help: "Warnings count as errors do.")
    var strict = false

    func run() throws {
        var options = world
        options.files += paths
        let world = options.read()
        // That nothing was read is no good news.
        if world.isComplete { try options.requireManifests(in: world) }
        let report = ValidationReport(world)
        switch output.format {
        case .text: Console.write(report.text(output.style))
        case .json: Console.write(try Document.json(report.view))
        case .yaml: Console.write(try Document.yaml(report.view))
        case .sarif: Console.write(try Document.json(report.sarif))
        case .junit: Console.write(report.junit(strict: strict).xml)
        }
        guard world.isComplete else { throw ExitCode.unusableInput }
        if world.errorCount > 0 || strict && world.warningCount > 0 { throw ExitCode(1) }
    }
}
