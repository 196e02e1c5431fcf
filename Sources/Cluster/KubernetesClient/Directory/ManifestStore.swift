// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

/// What a set of manifest files says, and what of it is in force while some of them are broken.
///
/// Rules, per file:
/// - a document without errors replaces its resource; one with an error is reported, and the last good
///   version of the same resource stays in force if it came from this file;
/// - a document too broken to say which resource it is might be any of the file's, so none of them vanishes;
/// - a file with a YAML syntax error, or one that cannot be read, changes nothing that is in force from it;
///   when nothing is, its readable documents count;
/// - a resource that is gone from a readable file, or whose file is gone, is removed.
///
/// A resource in two places: the first by path, then by line, wins; the other is reported. What is in force
/// never depends on the order in which files are applied, only on their contents and their own history.
/// Complexity of `apply`: all resources of all files.
public struct ManifestStore: Sendable {
    /// News of one file. Paths are relative to the directory and identify the file.
    public enum Input: Sendable {
        case content(path: String, bytes: [UInt8])
        /// The file is there, but its content is not to be had.
        case unreadable(path: String, reason: String)
        case removed(path: String)
    }

    private struct InForce {
        let resource: ClusterResource
        let origin: SourceLocation
    }

    private struct File {
        var resources: [InForce] = []
        var diagnostics: [Diagnostic] = []
    }

    private let parser: ManifestParser
    private var files: [String: File] = [:]
    private var effective: [ResourceKey: ClusterResource] = [:]
    private var reported: [Diagnostic]?

    public init(limits: ManifestLimits = ManifestLimits()) { parser = ManifestParser(limits: limits) }

    /// The files that have content or problems, sorted.
    public var paths: [String] { Self.sorted(files.keys) }

    /// Takes in what changed; nil when neither resources nor diagnostics are different now. The first call
    /// always gives an update. `notices` are problems that belong to no file: all that hold now.
    public mutating func apply(_ inputs: [Input], notices: [Diagnostic] = []) -> ClusterUpdate? {
        for input in inputs {
            switch input {
            case .content(let path, let bytes): files[path] = read(path, bytes)
            case .unreadable(let path, let reason):
                let problem = Diagnostic(
                    .error, message: reason, location: SourceLocation(file: path.escapedForMessage, line: 0))
                files[path, default: File()].diagnostics = [problem]
            case .removed(let path): files[path] = nil
            }
        }
        return update(notices)
    }

    // MARK: One file

    private func read(_ path: String, _ bytes: [UInt8]) -> File {
        let decoder = ManifestDecoder(file: path.escapedForMessage)
        var decoded: [DecodedManifest] = []
        var failures: [Diagnostic] = []
        for document in parser.documents(in: bytes) {
            switch document {
            case .value(let value): decoded += decoder.decode(value)
            case .failure(let error): failures.append(Diagnostic(error, file: decoder.file))
            }
        }
        let old = files[path]?.resources ?? []
        var file = File(resources: old, diagnostics: failures + decoded.flatMap(\.diagnostics))
        if failures.isEmpty || old.isEmpty {
            file.resources = Self.merge(old, decoded, &file.diagnostics)
        } else {
            file.diagnostics.append(
                Diagnostic(
                    .warning,
                    message: "nothing of this file is taken over until its YAML can be read; "
                        + "what was read before stays in force",
                    location: failures[0].location))
        }
        return file
    }

    private static func merge(
        _ old: [InForce], _ decoded: [DecodedManifest], _ diagnostics: inout [Diagnostic]
    ) -> [InForce] {
        let lastGood = Dictionary(old.map { ($0.resource.key, $0) }) { first, _ in first }
        var resources: [InForce] = []
        for manifest in decoded {
            if let resource = manifest.resource {
                resources.append(InForce(resource: resource, origin: manifest.origin))
            } else if manifest.isBroken, let key = manifest.key, let kept = lastGood[key] {
                resources.append(kept)
                diagnostics.append(keptNotice(key, manifest.origin))
            }
        }
        guard let nameless = decoded.first(where: { $0.isBroken && $0.key == nil }) else { return resources }
        let claimed = Set(decoded.compactMap(\.key))
        for kept in old where !claimed.contains(kept.resource.key) {
            resources.append(kept)
            diagnostics.append(keptNotice(kept.resource.key, nameless.origin))
        }
        return resources
    }

    private static func keptNotice(_ key: ResourceKey, _ location: SourceLocation) -> Diagnostic {
        Diagnostic(
            .warning, resource: key.description.escapedForMessage,
            message: "the last good version stays in force until this document is mended", location: location)
    }

    // MARK: All files

    private mutating func update(_ notices: [Diagnostic]) -> ClusterUpdate? {
        var next: [ResourceKey: ClusterResource] = [:]
        var origins: [ResourceKey: SourceLocation] = [:]
        var changes: [ClusterChange] = []
        var diagnostics = notices
        for path in paths {
            guard let file = files[path] else { continue }
            var problems = file.diagnostics
            for item in file.resources {
                let key = item.resource.key
                if let first = origins[key] {
                    problems.append(
                        Diagnostic(
                            .error, resource: key.description.escapedForMessage,
                            message: "this resource is already defined at \(first), which is used",
                            suggestion: "remove one of the two", location: item.origin))
                    continue
                }
                origins[key] = item.origin
                next[key] = item.resource
                if effective[key] != item.resource { changes.append(.set(item.resource)) }
            }
            diagnostics += Self.byLine(problems)
        }
        let removed = effective.keys.filter { next[$0] == nil }.sorted { $0.description < $1.description }
        changes = removed.map { .remove($0) } + changes
        effective = next
        guard !changes.isEmpty || reported != diagnostics else { return nil }
        reported = diagnostics
        return ClusterUpdate(changes: changes, diagnostics: diagnostics)
    }

    private static func byLine(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        diagnostics.enumerated().sorted { left, right in
            let a = left.element.location
            let b = right.element.location
            return (a?.line ?? 0, a?.column ?? 0, left.offset) < (b?.line ?? 0, b?.column ?? 0, right.offset)
        }.map(\.element)
    }

    static func sorted(_ paths: some Sequence<String>) -> [String] {
        paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

extension Diagnostic {
    fileprivate init(_ error: ManifestSyntaxError, file: String) {
        self.init(
            .error, message: error.message, suggestion: error.suggestion,
            location: SourceLocation(file: file, line: error.line, column: error.column))
    }
}
