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
        let metadata = Metadata(root, isNamespaced: reader.isNamespaced)
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

// MARK: - Kinds

/// An API version with a kind of it.
struct KindName: Hashable {
    let version: String
    let kind: String

    init(_ version: String, _ kind: String) {
        self.version = version
        self.kind = kind
    }
}

/// How one kind is read.
struct KindReader: Sendable {
    let isNamespaced: Bool
    let key: @Sendable (ResourceName) -> ResourceKey
    let read: @Sendable (Field, Metadata, SourceLocation) -> ClusterResource

    /// A kind that keeps no origin.
    init(
        isNamespaced: Bool, key: @escaping @Sendable (ResourceName) -> ResourceKey,
        read: @escaping @Sendable (Field, Metadata) -> ClusterResource
    ) {
        self.init(isNamespaced: isNamespaced, key: key) { document, metadata, _ in read(document, metadata) }
    }

    /// A policy kind: the policy remembers where it was read.
    init(
        isNamespaced: Bool, key: @escaping @Sendable (ResourceName) -> ResourceKey,
        read: @escaping @Sendable (Field, Metadata, SourceLocation) -> ClusterResource
    ) {
        self.isNamespaced = isNamespaced
        self.key = key
        self.read = read
    }
}

extension ManifestDecoder {
    static let readers: [KindName: KindReader] = {
        var readers: [KindName: KindReader] = [
            KindName("v1", "Namespace"): KindReader(isNamespaced: false, key: { .namespace($0.name) }) {
                .namespace(NamespaceResource($0, $1))
            },
            KindName("v1", "ServiceAccount"): KindReader(isNamespaced: true, key: { .serviceAccount($0) }) {
                .serviceAccount(ServiceAccountResource($0, $1))
            },
            KindName("v1", "Pod"): KindReader(isNamespaced: true, key: { .pod($0) }) {
                .pod(PodResource($0, $1))
            },
            KindName("v1", "Service"): KindReader(isNamespaced: true, key: { .service($0) }) {
                .service(ServiceResource($0, $1))
            },
            KindName("discovery.k8s.io/v1", "EndpointSlice"):
                KindReader(isNamespaced: true, key: { .endpointSlice($0) }) {
                    .endpointSlice(EndpointSliceResource($0, $1))
                },
            KindName("networking.k8s.io/v1", "NetworkPolicy"): kubernetesPolicy(.kubernetesNetworkPolicy),
        ]
        for version in ["projectcalico.org/v3", "crd.projectcalico.org/v1"] {
            readers.merge(calicoReaders(version)) { _, new in new }
        }
        return readers
    }()

    private static func calicoReaders(_ version: String) -> [KindName: KindReader] {
        var readers: [KindName: KindReader] = [:]
        let kinds = [
            PolicyKind.networkPolicy, .globalNetworkPolicy, .stagedNetworkPolicy, .stagedGlobalNetworkPolicy,
        ]
        for kind in kinds { readers[KindName(version, kind.rawValue)] = calicoPolicy(kind) }
        let staged = PolicyKind.stagedKubernetesNetworkPolicy
        readers[KindName(version, staged.rawValue)] = kubernetesPolicy(staged)
        readers[KindName(version, "Tier")] = KindReader(isNamespaced: false, key: { .tier($0.name) }) {
            .tier(TierResource($0, $1))
        }
        for (kind, isNamespaced) in [("NetworkSet", true), ("GlobalNetworkSet", false)] {
            readers[KindName(version, kind)] = KindReader(
                isNamespaced: isNamespaced, key: { .networkSet($0) }
            ) {
                .networkSet(NetworkSetResource($0, $1))
            }
        }
        return readers
    }

    private static func calicoPolicy(_ kind: PolicyKind) -> KindReader {
        KindReader(
            isNamespaced: kind.isNamespaced,
            key: { .policy(PolicyID(kind: kind, namespace: $0.namespace, name: $0.name)) },
            read: { .policy(PolicyResource(CalicoPolicy($0, $1, kind), origin: $2)) })
    }

    private static func kubernetesPolicy(_ kind: PolicyKind) -> KindReader {
        KindReader(
            isNamespaced: true,
            key: { .policy(PolicyID(kind: kind, namespace: $0.namespace, name: $0.name)) },
            read: { .policy(PolicyResource(KubernetesPolicy($0, $1, kind), origin: $2)) })
    }
}

extension Field {
    fileprivate func warnUnread(_ version: String, _ kind: String) {
        let known = ManifestDecoder.readers.keys
        let versions = known.filter { $0.kind == kind }.map(\.version).sorted()
        let kinds = known.filter { $0.version == version }.map(\.kind).sorted()
        let suggestion =
            versions.isEmpty
            ? Spelling.advice(for: kind, in: kinds)
            : "\(kind) is read from \(versions.joined(separator: ", "))"
        (child("kind") ?? self).warning(
            "the kind \(kind.quotedForMessage) of \(version.quotedForMessage) is not read", try: suggestion)
    }
}
