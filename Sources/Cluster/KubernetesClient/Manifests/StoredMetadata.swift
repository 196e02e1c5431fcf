// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// How an API version keeps an object's metadata (policy semantics 1.1).
enum MetadataForm: Sendable {
    case asWritten
    /// `crd.projectcalico.org/v1`: most of it is JSON in an annotation. Policies of the default tier may be stored as
    /// `default.<name>`, which users never see.
    case stored(hidesDefaultTier: Bool)

    /// The name that users know an object by which is stored as `name` and says nothing else.
    func visibleName(_ name: String, tier: String) -> String {
        let prefix = "default."
        guard case .stored(hidesDefaultTier: true) = self, tier.isEmpty || tier == "default",
            name.hasPrefix(prefix), name.utf8.count > prefix.utf8.count
        else { return name }
        return String(name.dropFirst(prefix.count))
    }
}

/// The metadata that `crd.projectcalico.org/v1` keeps as JSON in the annotation `projectcalico.org/metadata`.
struct StoredMetadata {
    static let annotation = "projectcalico.org/metadata"
    /// The JSON is part of annotations, so no larger than they may be.
    private static let limits = {
        var limits = ManifestLimits()
        limits.fileBytes = Metadata.maximumAnnotationBytes
        limits.documentsPerFile = 1
        limits.depth = 16
        limits.nodesPerFile = 10_000
        return limits
    }()

    /// Empty when the JSON has none.
    private(set) var name = ""
    private(set) var labels = Labels()

    /// nil without the annotation. Every problem is reported at the annotation: that is where a person finds it.
    init?(_ metadata: Field) {
        guard let field = metadata.child("annotations")?.child(Self.annotation),
            let text = field.value.string
        else { return nil }
        guard let root = Self.object(text, field) else { return }
        if let value = root["name"] {
            name = value.string ?? ""
            if value.string == nil {
                field.error("'name' in the JSON: expected a string, found \(value.typeName)")
            }
        }
        labels = Labels(
            Self.texts(root, "labels", field).map { key, value in
                for violation in Self.violations(key, value) {
                    field.error("'labels' in the JSON: \(violation)")
                }
                return (key, value)
            })
        for (key, _) in Self.texts(root, "annotations", field) {
            guard let violation = NameRule.qualifiedName.violation(in: key.lowercased()) else { continue }
            field.error("'annotations' in the JSON: the name \(key.quotedForMessage) \(violation)")
        }
    }

    /// The annotation's text as an object; nil, and reported, when it is none.
    private static func object(_ text: String, _ field: Field) -> ManifestValue? {
        let advice =
            "it is written by Calico's API server: restore it, or remove it to keep only what metadata says"
        let documents = ManifestParser(limits: limits).documents(in: Array(text.utf8))
        switch documents.first {
        case .value(let root)? where documents.count == 1:
            // What is written in YAML's own style is no JSON, even if it could be read.
            if case .object = root.content, text.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
                return root
            }
            field.error("the annotation does not hold a JSON object", try: advice)
        case .failure(let problem)?:
            field.error("the annotation's JSON cannot be read: \(problem.message)", try: advice)
        default: field.error("the annotation does not hold a JSON object", try: advice)
        }
        return nil
    }

    /// The entries of the object `key`; what is no string is reported and left out.
    private static func texts(
        _ root: ManifestValue, _ key: String, _ field: Field
    ) -> [(key: String, value: String)] {
        guard let value = root[key] else { return [] }
        guard case .object(let entries) = value.content else {
            field.error("'\(key)' in the JSON: expected an object, found \(value.typeName)")
            return []
        }
        return entries.compactMap { entry in
            if let text = entry.value.string { return (entry.key, text) }
            field.error(
                "'\(key)' in the JSON: expected a string under \(entry.key.quotedForMessage), found "
                    + entry.value.typeName)
            return nil
        }
    }

    private static func violations(_ key: String, _ value: String) -> [String] {
        [
            NameRule.qualifiedName.violation(in: key).map { "the label name \(key.quotedForMessage) \($0)" },
            NameRule.labelValue.violation(in: value).map {
                "the label value \(value.quotedForMessage) \($0)"
            },
        ].compactMap { $0 }
    }
}
