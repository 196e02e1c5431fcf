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
    /// What every answer about the world says of it: what was made up or left out, and that problems were met.
    public var remarks: [String] {
        guard errorCount > 0 else { return notes }
        let errors = ValidationReport.counted(errorCount, "error")
        return notes + [
            "\(errors) in the manifests: what has one is left out, as 'vibrissa policy validate' lists it"
        ]
    }

    /// Says on standard error what is wrong with the world, for commands whose answer is about something else. At most
    /// `limit` problems: `validate` lists them all.
    public func reportProblems(style: TextStyle, atMost limit: Int = 20) {
        let style = style.forErrors
        var text = ""
        for diagnostic in diagnostics.prefix(limit) { text += diagnostic.text(style) + "\n" }
        if diagnostics.count > limit {
            text +=
                "… and \(diagnostics.count - limit) more problems: 'vibrissa policy validate' lists them\n"
        }
        if !text.isEmpty { Console.write(error: text) }
    }

    /// Says the remarks on standard error, once the answer is out: people look for the answer first.
    static func reportRemarks(_ remarks: [String], style: TextStyle) {
        let style = style.forErrors
        let text = remarks.map { style.tinted("note:", .faint) + " \($0)\n" }.joined()
        if !text.isEmpty { Console.write(error: text) }
    }
}

extension World {
    /// What is said besides of answers about all connections: host endpoints are no part of them.
    var analysisRemarks: [String] {
        guard !state.hostEndpoints.isEmpty else { return remarks }
        return remarks + [
            "host endpoints are taken as addresses outside: what their own policies deny is not in this answer; "
                + "'vibrissa policy explain' with node/NAME tells it"
        ]
    }
}

extension TextStyle {
    /// The same for standard error, which need not be a terminal where standard output is one.
    fileprivate var forErrors: TextStyle {
        var style = self
        style.isColored = isColored && Console.errorsAreOnTerminal
        return style
    }
}
