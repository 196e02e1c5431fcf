// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// `metadata` of an object: what identifies and labels it.
struct Metadata {
    let name: ResourceName
    let labels: Labels
    let generateName: String
    /// False when the document does not say which object it is.
    let isIdentified: Bool

    /// Fields of meta/v1 ObjectMeta. Others are harmless to us, so they are only worth a warning.
    private static let knownFields = [
        "name", "namespace", "labels", "annotations", "generateName", "uid", "resourceVersion", "generation",
        "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences",
        "finalizers",
        "managedFields", "selfLink",
    ]
    /// Most bytes in the keys and values of all annotations (policy semantics 1.2).
    static let maximumAnnotationBytes = 256 * 1024

    init(_ document: Field, isNamespaced: Bool, form: MetadataForm = .asWritten) {
        guard let metadata = document.object("metadata") else {
            if document.child("metadata") == nil {
                document.missing("metadata", try: "add 'metadata:' with a name")
            }
            name = ResourceName(name: "")
            labels = Labels()
            generateName = ""
            isIdentified = false
            return
        }
        metadata.warnAboutMisspelledFields(Self.knownFields)
        var name = metadata.text("name")
        if metadata.child("name") == nil { metadata.missing("name") }
        var namespace = metadata.text("namespace")
        if !isNamespaced, let field = metadata.child("namespace") {
            field.warning("the namespace is ignored: the kind is not namespaced", try: "remove it")
            namespace = ""
        } else if isNamespaced, namespace.isEmpty {
            namespace = "default"
        }
        var labels = metadata.labels("labels")
        if case .stored = form {
            let stored = StoredMetadata(metadata)
            let tier = document.value["spec"]?["tier"]?.string ?? ""
            name = stored.map(\.name).flatMap { $0.isEmpty ? nil : $0 } ?? form.visibleName(name, tier: tier)
            labels = labels.overwritten(by: stored?.labels ?? Labels())
        }
        self.name = ResourceName(namespace: namespace, name: name)
        isIdentified = !name.isEmpty
        self.labels = labels
        generateName = metadata.text("generateName")
        metadata.object("annotations")?.checkAnnotationEntries()
    }

    /// Reports a name that the kind does not allow; policies and tiers check theirs in the model.
    func checkName(_ rule: NameRule, _ document: Field) {
        guard let metadata = document.child("metadata") else { return }
        for (key, text, rule) in [("name", name.name, rule), ("namespace", name.namespace, .label)]
        where !text.isEmpty {
            guard let violation = rule.violation(in: text) else { continue }
            (metadata.child(key) ?? metadata).error("the name \(text.quotedForMessage) \(violation)")
        }
    }
}

extension Field {
    fileprivate func warnAboutMisspelledFields(_ known: [String]) {
        for (key, field) in entries where !known.contains(key) {
            guard let meant = Spelling.nearest(to: key, in: known) else { continue }
            field.warning("the field \(key.quotedForMessage) is ignored", try: "did you mean '\(meant)'?")
        }
    }

    /// The labels under `key`, names and values checked.
    func labels(_ key: String) -> Labels {
        guard let object = object(key) else { return Labels() }
        return Labels(
            object.entries.compactMap { key, field in
                if let violation = NameRule.qualifiedName.violation(in: key) {
                    field.error("the label name \(key.quotedForMessage) \(violation)")
                }
                guard field.value.content != .null else { return (key, "") }
                guard let text = field.text() else { return nil }
                if let violation = NameRule.labelValue.violation(in: text) {
                    field.error("the label value \(text.quotedForMessage) \(violation)")
                }
                return (key, text)
            })
    }

    /// Checks an annotations object: of a resource, or of a rule.
    func checkAnnotationEntries(maximumBytes: Int = Metadata.maximumAnnotationBytes) {
        var byteCount = 0
        for (key, field) in entries {
            if let violation = NameRule.qualifiedName.violation(in: key.lowercased()) {
                field.error("the annotation name \(key.quotedForMessage) \(violation)")
            }
            let text = field.value.content == .null ? "" : field.text() ?? ""
            byteCount += key.utf8.count + text.utf8.count
        }
        if byteCount > maximumBytes {
            error("the annotations have \(byteCount) bytes, at most \(maximumBytes) are allowed")
        }
    }
}

extension Labels {
    /// With the entries of `other`, which win where both name a key.
    fileprivate func overwritten(by other: Labels) -> Labels {
        Labels((entries + other.entries).map { (key: $0.key, value: $0.value) })
    }
}

extension Field {
    /// Takes over what the model found in the document, less what it says of a name or a specification that is not
    /// there and that was reported already.
    func addProblems(_ found: [Diagnostic], of metadata: Metadata) {
        var absent: [String] = metadata.isIdentified ? [] : ["metadata.name"]
        if case .object? = value["spec"]?.content {} else { absent.append("spec") }
        problems.add(found.filter { problem in !absent.contains { problem.field.hasPrefix($0) } })
    }
}
