// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import PolicyAnalysis
internal import PolicyEngine
internal import PolicyModel

/// `vibrissa policy diff`.
struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Shows which connections a change of manifests opens, closes, or leaves to another rule.",
        discussion: """
            Compares what policies do, not how they are written. Every connection between pods, and between pods and \
            any address outside, is compared exactly: "no difference" is a statement about all of them. Each change \
            comes with a command that explains one connection of it.

            What both sides share, such as workloads, is given once with -f:

              vibrissa policy diff main/policies branch/policies -f workloads

            With --new-staged and the same path twice it shows what enforcing staged policies would change.

            Exit status: 0 no difference, 1 there is one, 64 wrong usage, 65 the manifests cannot be used.
            """)

    @Argument(
        help: ArgumentHelp("Manifests before the change: a file, a directory, or '-'.", valueName: "old"))
    var old: String

    @Argument(help: ArgumentHelp("Manifests after the change.", valueName: "new"))
    var new: String

    @OptionGroup var shared: WorldOptions
    @OptionGroup var output: FormatOptions<OutputFormat>

    @Flag(help: "Take the staged policies of OLD as enforced.")
    var oldStaged = false

    @Flag(help: "Take the staged policies of NEW as enforced.")
    var newStaged = false

    func validate() throws {
        if ([old, new] + shared.files).count(where: { $0 == "-" }) > 1 {
            throw ValidationError("standard input can be read once; give '-' for one path only")
        }
    }

    func run() throws {
        let (before, after) = (world(old), world(new))
        try reportProblems(before, after)
        let difference: PolicyDifference
        do {
            difference = try PolicyDifference(
                from: PolicySnapshot(before.state, generation: 1),
                to: PolicySnapshot(after.state, generation: 2),
                oldIncludesStaged: oldStaged, newIncludesStaged: newStaged)
        } catch {
            Console.write(error: "vibrissa policy diff: \(error)\n")
            throw ExitCode.unusableInput
        }
        let notes = before.remarks.map { "before: \($0)" } + after.remarks.map { "after: \($0)" }
        let report = DifferenceReport(
            difference: difference, notes: notes,
            hasHostEndpoints: [before, after].contains { !$0.state.hostEndpoints.isEmpty },
            oldFiles: arguments(old), newFiles: arguments(new))
        switch output.format {
        case .text: Console.write(report.text(output.style))
        case .json: Console.write(try Document.json(report.view))
        case .yaml: Console.write(try Document.yaml(report.view))
        }
        let isNew = { !before.remarks.contains($0) }
        World.reportRemarks(before.remarks + after.remarks.filter(isNew), style: output.style)
        if !difference.isEmpty { throw ExitCode(1) }
    }

    /// The world of one side: the shared manifests and its own.
    private func world(_ path: String) -> World {
        var options = shared
        options.files.append(path)
        return options.read()
    }

    /// Says what is wrong with the worlds, once where both share it.
    private func reportProblems(_ before: World, _ after: World) throws {
        var both = before
        both.diagnostics += after.diagnostics.filter { !before.diagnostics.contains($0) }
        both.reportProblems(style: output.style)
        guard before.isComplete, after.isComplete else { throw ExitCode.unusableInput }
        for world in [before, after] { try shared.requireManifests(in: world) }
    }

    private func arguments(_ path: String) -> String {
        (shared.files + [path]).map { "-f \(Self.quotedForShell($0))" }.joined(separator: " ")
    }

    /// The path as a shell reads it back; escaped first, as it goes to a terminal.
    static func quotedForShell(_ path: String) -> String {
        let text = path.escapedForMessage
        let isPlain = text.utf8.allSatisfy { byte in
            let scalar = Unicode.Scalar(byte)
            return byte < 0x80
                && (scalar.properties.isAlphabetic || (0x30...0x39).contains(byte)
                    || "._/-+@".unicodeScalars.contains(scalar))
        }
        return isPlain && !text.isEmpty
            ? text
            : "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
    }
}
