// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

/// The cluster that a set of manifests describes, completed where a cluster would complete it.
public struct World: Sendable {
    public var state: ClusterState
    /// Every problem of the documents and between them, by file and line; already escaped.
    public var diagnostics: [Diagnostic]
    /// What was made up to complete the world, one sentence each; already escaped.
    public var notes: [String]
    /// The files that were read, as a person would name them; already escaped.
    public var files: [String]
    /// False when a path that was asked for is not there or cannot be read; a diagnostic says which.
    public var isComplete = true

    public init(
        state: ClusterState = ClusterState(), diagnostics: [Diagnostic] = [], notes: [String] = [],
        files: [String] = []
    ) {
        self.state = state
        self.diagnostics = diagnostics
        self.notes = notes
        self.files = files
    }

    public var errorCount: Int { diagnostics.count { $0.severity == .error } }
    public var warningCount: Int { diagnostics.count { $0.severity == .warning } }
}

extension World {
    /// Says on standard error what is wrong with the world and what was made up, for commands whose answer is about
    /// something else. At most `limit` problems: `validate` lists them all.
    public func report(style: TextStyle, atMost limit: Int = 20) {
        var style = style
        style.isColored = style.isColored && Console.errorsAreOnTerminal
        var text = ""
        for diagnostic in diagnostics.prefix(limit) { text += diagnostic.text(style) + "\n" }
        if diagnostics.count > limit {
            text +=
                "… and \(diagnostics.count - limit) more problems: 'vibrissa policy validate' lists them\n"
        }
        for note in notes { text += style.tinted("note:", .faint) + " \(note)\n" }
        if !text.isEmpty { Console.write(error: text) }
    }
}
