// SPDX-License-Identifier: Apache-2.0

/// How diagnostics name a field of a document: `spec.ingress[0].source`, `metadata.labels[a.b/c]`.
public enum FieldPath {
    /// The field under `key` of the object at `parent`; an empty parent is the document.
    public static func child(_ key: String, of parent: String) -> String {
        key.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }
            ? "\(parent)[\(key)]" : parent.isEmpty ? key : "\(parent).\(key)"
    }
}
