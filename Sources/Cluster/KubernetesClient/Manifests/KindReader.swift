// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

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
    var form = MetadataForm.asWritten
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
