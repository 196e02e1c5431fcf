// SPDX-License-Identifier: Apache-2.0

internal import KubernetesClient
internal import PolicyModel

/// A file of tests in either form: cases, each with a world of its own, or lines about one world.
struct PolicyTestFile: Sendable {
    let results: [PolicyTestResult]
    let warnings: [Diagnostic]
    let notes: [String]

    /// Whether a document is one of tests rather than a manifest.
    static func isTestFile(_ document: ManifestValue) -> Bool {
        if document["kind"] == nil, document["tests"] != nil { return true }
        return document.elements.contains { $0["connection"] != nil && $0["expect"] != nil }
    }

    /// Runs the tests of the files at the paths; of a directory, those of every test file in it.
    ///
    /// - Throws: `WorldError` when a path cannot be read, or when none of them holds a test.
    static func run(_ paths: [String]) throws(WorldError) -> PolicyTestReport {
        let found = ManifestFiles(paths)
        guard found.isComplete else {
            throw WorldError(found.problems.map { $0.text(TextStyle()) }.joined(separator: "\n"))
        }
        let named = Set(paths)
        var results: [PolicyTestResult] = []
        var warnings: [Diagnostic] = []
        var notes: [String] = []
        for file in found.files {
            guard let tests = PolicyTestFile(file, isNamed: named.contains(file.path)) else { continue }
            results += tests.results
            warnings += tests.warnings
            for note in tests.notes where !notes.contains(note) { notes.append(note) }
        }
        guard !results.isEmpty else {
            throw WorldError(
                "there are no tests in \(paths.map(\.quotedForMessage).joined(separator: ", ")); "
                    + "a test file is a YAML list of cases, or has 'world:' and 'tests:'")
        }
        return PolicyTestReport(results: results, warnings: warnings, notes: notes)
    }

    /// nil for a file that holds no tests, unless it was asked for by name.
    private init?(_ file: ManifestFiles.File, isNamed: Bool) {
        let documents = ManifestParser(limits: WorldReader.limits).documents(in: file.bytes)
        let holdsLines = documents.contains {
            if case .value(let it) = $0 { it["tests"] != nil } else { false }
        }
        let holdsTests = documents.contains {
            if case .value(let it) = $0 { Self.isTestFile(it) } else { false }
        }
        guard holdsTests || isNamed else { return nil }
        let isReadable = documents.allSatisfy { if case .value = $0 { true } else { false } }
        if !holdsTests, isReadable {
            let name = file.path.escapedForMessage
            let error = PolicyTestError(
                "this is no file of tests: expected a YAML list of cases, or an object with 'world:' and 'tests:'",
                at: SourceLocation(file: name, line: 1))
            (results, warnings, notes) = ([PolicyTestResult(error, name: name)], [], [])
            return
        }
        if holdsLines {
            let lines = PolicyLineFile(documents, of: file.bytes, path: file.path)
            (results, warnings, notes) = (lines.results, lines.warnings, lines.notes)
        } else {
            let cases = PolicyCaseFile(file.bytes, path: file.path)
            results = cases.broken + cases.cases.map { $0.check() }
            warnings = cases.cases.flatMap(\.warnings)
            notes = []
        }
    }
}
