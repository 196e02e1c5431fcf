// SPDX-License-Identifier: Apache-2.0
//
// KubernetesClient: where cluster state comes from. Manifests/ turns YAML and JSON text into `PolicyModel`'s
// resources with every problem at its line; Directory/ reads a directory of them and follows its changes.
// Nothing here decides what a policy means: semantic checks are the model's own (`PolicyModel/Validation`),
// and evaluation is elsewhere.

public import PolicyModel

/// Cluster state from a directory of manifests: every `*.yaml`, `*.yml` and `*.json` file below it.
///
/// Hidden files, editors' copies and links that lead out of the directory are left alone; at most 10,000
/// files are read. What happens while a file is broken: `ManifestStore`. When the directory itself cannot be
/// read, everything stays in force, and a diagnostic says so.
public struct ManifestDirectory: ClusterStateSource {
    public let path: String
    public let limits: ManifestLimits
    let usesEvents: Bool

    public init(path: String, limits: ManifestLimits = ManifestLimits()) {
        self.init(path: path, limits: limits, usesEvents: true)
    }

    /// `usesEvents: false` looks at the directory every 250 ms, as if the kernel had no inotify.
    init(path: String, limits: ManifestLimits = ManifestLimits(), usesEvents: Bool) {
        self.path = path
        self.limits = limits
        self.usesEvents = usesEvents
    }

    /// Reads the directory once. Blocks on the disk.
    public func load() -> ClusterUpdate {
        var reader = DirectoryReader(root: path, limits: limits)
        return reader.refresh().update ?? ClusterUpdate(changes: [], diagnostics: [])
    }

    /// The directory's content, then each change within about 100 ms. Every call starts a watch of its own,
    /// on a thread that ends with the stream. Unread updates merge: the buffer never grows past one change
    /// per resource.
    public func updates() -> AsyncStream<ClusterUpdate> {
        let watch = DirectoryWatch(root: path, limits: limits, usesEvents: usesEvents)
        return AsyncStream {
            await watch.next()
        } onCancel: {
            watch.stop()
        }
    }
}
