// SPDX-License-Identifier: Apache-2.0

internal import KubernetesClient
public import NetworkModel
internal import PolicyModel

extension World {
    /// Reads the manifests at the paths: files, directories with all below them, and `-` for standard input.
    ///
    /// Documents with errors are left out and everything else counts. Of two documents about one object the first, by
    /// the order of paths, files and lines, is used.
    public static func reading(
        _ paths: [String], podAddresses: IPPrefix = AddressRange.standard.prefix
    ) -> World {
        let found = ManifestFiles(paths)
        var reader = WorldReader()
        reader.diagnostics = found.problems
        for file in found.files { reader.read(file.bytes, path: file.path) }
        var world = reader.world(podAddresses: podAddresses)
        world.files = found.files.map(\.path.escapedForMessage)
        world.isComplete = found.isComplete
        return world
    }
}

/// Collects the resources of documents into one world.
struct WorldReader {
    private(set) var resources: [ClusterResource] = []
    /// What pods would be made of, in the order of the text.
    private(set) var templates: [WorkloadTemplate] = []
    var diagnostics: [Diagnostic] = []
    private var origins: [ResourceKey: SourceLocation] = [:]
    /// Kinds that policies do not depend on, with how often each was met.
    private var ignoredKinds: [String: Int] = [:]

    /// Bounds for dumps of whole clusters, which a person hands over on purpose.
    static let limits: ManifestLimits = {
        var limits = ManifestLimits()
        limits.fileBytes = ManifestFiles.maximumBytes
        limits.documentsPerFile = 100_000
        limits.nodesPerFile = 20_000_000
        return limits
    }()

    mutating func read(_ bytes: [UInt8], path: String) {
        let file = path.escapedForMessage
        for document in ManifestParser(limits: Self.limits).documents(in: bytes) {
            switch document {
            case .value(let value): read(value, file: file)
            case .failure(let error):
                diagnostics.append(
                    Diagnostic(
                        .error, message: error.message, suggestion: error.suggestion,
                        location: SourceLocation(file: file, line: error.line, column: error.column)))
            }
        }
    }

    mutating func read(_ document: ManifestValue, file: String) {
        if case .array(let items)? = document["items"]?.content, document["kind"]?.string == "List" {
            for item in items { readObject(item, file: file) }
        } else if !PolicyTestFile.isTestFile(document) {
            readObject(document, file: file)
        }
    }

    private mutating func readObject(_ object: ManifestValue, file: String) {
        if let template = WorkloadTemplate(object, file: file) {
            diagnostics += template.diagnostics
            if template.pod != nil { templates.append(template) }
            return
        }
        if case .object = object.content, object["apiVersion"] == nil, object["kind"] == nil {
            diagnostics.append(
                Diagnostic(
                    .warning,
                    message:
                        "this is no Kubernetes object and is left out: it has neither apiVersion nor kind",
                    location: SourceLocation(file: file, line: object.line, column: object.column)))
            return
        }
        for manifest in ManifestDecoder(file: file).decode(object) { take(manifest, object) }
    }

    private mutating func take(_ manifest: DecodedManifest, _ object: ManifestValue) {
        guard let resource = manifest.resource else {
            if !manifest.isBroken, manifest.key == nil, let kind = ignoredKind(object, manifest.diagnostics) {
                ignoredKinds[kind, default: 0] += 1
            } else {
                diagnostics += manifest.diagnostics
            }
            return
        }
        diagnostics += manifest.diagnostics
        if let first = origins[resource.key] {
            diagnostics.append(
                Diagnostic(
                    .error, resource: resource.key.description.escapedForMessage,
                    message: "this resource is already defined at \(first), which is used",
                    suggestion: "remove one of the two", location: manifest.origin))
            return
        }
        origins[resource.key] = manifest.origin
        resources.append(resource)
    }

    /// The kind of a document that nobody expects to matter here: not read, no policy by its name, and not nearly one
    /// that is read.
    private func ignoredKind(_ object: ManifestValue, _ problems: [Diagnostic]) -> String? {
        guard let kind = object["kind"]?.string, problems.allSatisfy({ $0.suggestion.isEmpty }) else {
            return nil
        }
        return kind.hasSuffix("Policy") ? nil : kind
    }

    /// Files in the order in which they were read, problems without a place last.
    private static func byPlace(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        var order: [String: Int] = [:]
        for diagnostic in diagnostics {
            if let file = diagnostic.location?.file, order[file] == nil { order[file] = order.count }
        }
        return diagnostics.enumerated().map { index, diagnostic in
            let location = diagnostic.location
            let place = location.flatMap { order[$0.file] } ?? order.count
            return (key: [place, location?.line ?? 0, location?.column ?? 0, index], diagnostic)
        }.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.1)
    }

    // MARK: The world

    /// `definesNamespaces`: a namespace that pods or policies are in and nobody defines has its name's label alone;
    /// otherwise what labels it has is not known.
    func world(podAddresses: IPPrefix, definesNamespaces: Bool = false) -> World {
        var completion = WorldCompletion(ClusterState(resources), podAddresses: podAddresses)
        completion.addPods(of: templates)
        completion.addAddresses()
        completion.addEndpointSlices()
        completion.addNamespaces(hasAllLabels: definesNamespaces)
        let state = completion.state
        var world = World(
            state: state, diagnostics: Self.byPlace(diagnostics + state.problems()), notes: completion.notes)
        if !ignoredKinds.isEmpty {
            let kinds = ignoredKinds.sorted { $0.key < $1.key }.prefix(8).map {
                "\($0.value) \($0.key.escapedForMessage)"
            }
            let more = ignoredKinds.count > 8 ? ", …" : ""
            world.notes.append(
                "left out, as policies do not depend on them: \(kinds.joined(separator: ", "))\(more)")
        }
        return world
    }
}
