// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
public import PolicyModel

/// One object of a document, decoded as far as it goes.
public struct DecodedManifest: Sendable, Hashable {
    /// Which object the document is about, also when it is broken; nil when it does not say.
    public let key: ResourceKey?
    /// nil when the document has an error or is of a kind that is not read.
    public let resource: ClusterResource?
    /// Where the object starts.
    public let origin: SourceLocation
    /// Every problem of the object, by line.
    public let diagnostics: [Diagnostic]

    /// True when the object is there but cannot be used.
    public var isBroken: Bool { diagnostics.contains { $0.severity == .error } }
}

/// Turns documents into cluster resources, with every problem of each document at its line.
public struct ManifestDecoder: Sendable {
    /// The name that diagnostics and origins give the file.
    public let file: String

    public init(file: String) { self.file = file }

    /// The objects of a document: one, or the items of a `List`.
    public func decode(_ document: ManifestValue) -> [DecodedManifest] {
        let problems = ProblemCollector(file: file, root: document)
        let root = Field(root: document, problems: problems)
        guard root.isObject() else { return [finish(root, nil, nil)] }
        if document["apiVersion"]?.string == "v1", document["kind"]?.string == "List" {
            let items = root.list("items")
            if root.child("items") == nil { root.missing("items") }
            // An item is a document of its own: paths start at the item, places are those of the file.
            let decoded = items.flatMap { decodeItem($0.value) }
            return problems.diagnostics.isEmpty ? decoded : [finish(root, nil, nil)] + decoded
        }
        return [decodeObject(root)]
    }

    private func decodeItem(_ item: ManifestValue) -> [DecodedManifest] {
        let root = Field(root: item, problems: ProblemCollector(file: file, root: item))
        guard root.isObject() else { return [finish(root, nil, nil)] }
        return [decodeObject(root)]
    }

    private func decodeObject(_ root: Field) -> DecodedManifest {
        for key in ["apiVersion", "kind"] where root.child(key) == nil { root.missing(key) }
        let version = root.text("apiVersion")
        let kind = root.text("kind")
        guard !version.isEmpty, !kind.isEmpty else { return finish(root, nil, nil) }
        guard let reader = Self.readers[KindName(version, kind)] else {
            root.warnUnread(version, kind)
            return finish(root, nil, nil)
        }
        let metadata = Metadata(root, isNamespaced: reader.isNamespaced, form: reader.form)
        let key = reader.key(metadata.name)
        root.problems.resource = key.description.escapedForMessage
        if !metadata.isIdentified { root.problems.resource = kind }
        let resource = reader.read(root, metadata, SourceLocation(file: file, line: root.line))
        return finish(root, metadata.isIdentified ? key : nil, resource)
    }

    private func finish(_ root: Field, _ key: ResourceKey?, _ resource: ClusterResource?) -> DecodedManifest {
        DecodedManifest(
            key: key, resource: root.problems.hasErrors ? nil : resource,
            origin: SourceLocation(file: file, line: root.line), diagnostics: root.problems.diagnostics)
    }
}

extension Field {
    fileprivate func warnUnread(_ version: String, _ kind: String) {
        let known = ManifestDecoder.readers.keys
        let versions = known.filter { $0.kind == kind }.map(\.version).sorted()
        let kinds = known.filter { $0.version == version }.map(\.kind).sorted()
        let field = child("kind") ?? self
        let message = "the kind \(kind.quotedForMessage) of \(version.quotedForMessage) is not read"
        if !versions.isEmpty {
            field.warning(message, try: "\(kind) is read from \(versions.joined(separator: ", "))")
        } else if let near = Spelling.nearest(to: kind, in: kinds) {
            // Probably a slip, and a policy that is silently not there is the worst of them.
            field.error(message, try: "did you mean '\(near)'?")
        } else {
            field.warning(message)
        }
    }
}
