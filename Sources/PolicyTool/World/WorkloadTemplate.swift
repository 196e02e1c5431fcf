// SPDX-License-Identifier: Apache-2.0

internal import KubernetesClient
internal import NetworkModel
internal import PolicyModel

/// The pod that a Deployment, or another object with a pod template, would run.
struct WorkloadTemplate {
    /// `Deployment shop/web`.
    let owner: String
    /// nil when the template has an error, or when another object of the cluster makes the pods.
    let pod: PodResource?
    let diagnostics: [Diagnostic]

    private static let versions = [
        "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "ReplicaSet": "apps/v1",
        "ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1",
    ]

    /// nil when the object is of no kind that has a pod template.
    init?(_ object: ManifestValue, file: String) {
        guard let kind = object["kind"]?.string, let version = Self.versions[kind],
            object["apiVersion"]?.string == version
        else { return nil }
        let path = kind == "CronJob" ? ["spec", "jobTemplate", "spec", "template"] : ["spec", "template"]
        let metadata = object["metadata"]
        let name = metadata?["name"]?.string ?? ""
        owner = "\(kind) \(metadata?["namespace"]?.string ?? "default")/\(name)".escapedForMessage
        guard let template = path.reduce(object, { $0?[$1] }) else {
            pod = nil
            diagnostics = [
                Diagnostic(
                    .error, resource: owner, field: path.joined(separator: "."),
                    message: "the required field '\(path.joined(separator: "."))' is missing",
                    location: SourceLocation(file: file, line: object.line, column: object.column))
            ]
            return
        }
        let decoded = ManifestDecoder(file: file).decode(Self.pod(object, template, name: name)).first
        // Of a Deployment and its ReplicaSet, or a CronJob and its Jobs, only the first counts.
        let isOwned = (metadata?["ownerReferences"]?.elements ?? []).contains {
            Self.versions[$0["kind"]?.string ?? ""] != nil
        }
        if case .pod(let made)? = decoded?.resource, !isOwned {
            pod = made
        } else {
            pod = nil
        }
        let prefix = path.joined(separator: ".")
        diagnostics = (decoded?.diagnostics ?? []).map { [owner] problem in
            var problem = problem
            problem.resource = owner
            let isOfTemplate = problem.field.hasPrefix("spec") || problem.field.hasPrefix("metadata.labels")
            if isOfTemplate { problem.field = "\(prefix).\(problem.field)" }
            return problem
        }
    }

    /// A Pod document whose parts stand where the workload's do. Its name is the one a StatefulSet would give.
    private static func pod(_ object: ManifestValue, _ template: ManifestValue, name: String) -> ManifestValue
    {
        func value(_ content: ManifestValue.Content, like other: ManifestValue) -> ManifestValue {
            ManifestValue(content, line: other.line, column: other.column, text: other.text)
        }
        func entry(
            _ key: String, _ value: ManifestValue, like other: ManifestValue.Entry?
        ) -> ManifestValue.Entry {
            ManifestValue.Entry(
                key: key, line: other?.line ?? value.line, column: other?.column ?? value.column, value: value
            )
        }
        let metadata = object["metadata"]
        var parts: [ManifestValue.Entry] = []
        if let written = metadata?.entry("name"), !name.isEmpty {
            parts.append(entry("name", value(.string("\(name)-0"), like: written.value), like: written))
            parts.append(
                entry("generateName", value(.string("\(name)-"), like: written.value), like: written))
        }
        if let namespace = metadata?.entry("namespace") { parts.append(namespace) }
        if let labels = template["metadata"]?.entry("labels") { parts.append(labels) }
        let written = object.entry("metadata")
        var entries = [
            entry("apiVersion", value(.string("v1"), like: object), like: object.entry("apiVersion")),
            entry("kind", value(.string("Pod"), like: object), like: object.entry("kind")),
        ]
        if let written {
            entries.append(entry("metadata", value(.object(parts), like: written.value), like: written))
        }
        if let spec = template.entry("spec") { entries.append(spec) }
        return value(.object(entries), like: object)
    }
}
