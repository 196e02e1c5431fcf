// SPDX-License-Identifier: Apache-2.0

internal import KubernetesClient
internal import PolicyEngine
internal import PolicyModel

/// A file of tests in the short form, run.
struct PolicyLineFile {
    private(set) var results: [PolicyTestResult] = []
    private(set) var warnings: [Diagnostic] = []
    private(set) var notes: [String] = []

    private let file: String
    private let bytes: [UInt8]
    /// The folder that paths of `world` start from; empty for the current directory.
    private let folder: String

    static let fields: Set<String> = ["world", "tests"]

    /// `bytes` is what the documents were read from.
    init(_ documents: [ManifestDocument], of bytes: [UInt8], path: String) {
        self.bytes = bytes
        file = path.escapedForMessage
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        folder = parts.isEmpty ? "" : parts.joined(separator: "/") + "/"
        for document in documents {
            switch document {
            case .failure(let problem):
                let place = SourceLocation(file: file, line: problem.line, column: problem.column)
                results.append(PolicyTestResult(PolicyTestError(problem.message, at: place), name: file))
            case .value(let value): run(TestField(value: value, file: file))
            }
        }
    }

    private mutating func run(_ root: TestField) {
        warnings += root.warnings(unlessIn: Self.fields)
        do throws(PolicyTestError) {
            let world = try self.world(root)
            let snapshot = PolicySnapshot(world.state, generation: 1)
            for item in try root.required("tests").elements() {
                results.append(run(item, in: snapshot))
            }
        } catch {
            results.append(PolicyTestResult(error, name: file))
        }
    }

    // MARK: World

    /// The manifests that `world` names or holds. A document with an error makes its tests unusable: they would be
    /// about another world than the one that is meant.
    private mutating func world(_ root: TestField) throws(PolicyTestError) -> World {
        let field = try root.required("world")
        var reader = WorldReader()
        for item in field.value.string == nil ? try field.elements() : [field] {
            if case .object = item.value.content {
                reader.read(item.value, file: file)
                continue
            }
            let path = try item.text()
            let found = ManifestFiles([path.hasPrefix("/") ? path : folder + path])
            if let problem = found.problems.first {
                throw item.error("\(path.quotedForMessage): \(problem.message)")
            }
            guard !found.files.isEmpty else {
                throw item.error("\(path.quotedForMessage) holds no manifests")
            }
            for manifest in found.files { reader.read(manifest.bytes, path: manifest.path) }
        }
        let world = reader.world(podAddresses: AddressRange.standard.prefix, definesNamespaces: true)
        warnings += world.diagnostics
        notes += world.notes
        if let error = world.diagnostics.first(where: { $0.severity == .error }) {
            let place = error.location ?? field.location
            throw PolicyTestError(
                "the world has \(world.errorCount == 1 ? "an error" : "\(world.errorCount) errors"): \(error.message)",
                at: place)
        }
        return world
    }

    // MARK: Tests

    private func run(_ item: TestField, in snapshot: PolicySnapshot) -> PolicyTestResult {
        do throws(PolicyTestError) {
            let text = try item.text()
            let line: PolicyLine
            do {
                line = try PolicyLine(text)
            } catch {
                let place = item.location
                let start = place.column + (isQuoted(place) ? 1 : 0)
                throw PolicyTestError(
                    error.message,
                    at: SourceLocation(file: file, line: place.line, column: start + error.column))
            }
            return try line.check(named: text, at: item.location, in: snapshot)
        } catch {
            return PolicyTestResult(error, name: item.value.string ?? item.value.text)
        }
    }

    /// Whether the text at a place begins with a quote, which its value has no more.
    private func isQuoted(_ place: SourceLocation) -> Bool {
        let lines = bytes.split(
            separator: UInt8(ascii: "\n"), maxSplits: place.line, omittingEmptySubsequences: false)
        guard place.line >= 1, lines.count >= place.line else { return false }
        return lines[place.line - 1].dropFirst(place.column - 1).first.map { "\"'".utf8.contains($0) }
            ?? false
    }
}
