// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Glibc

/// The bundled files of the shop, and working copies of its manifests.
public enum LabManifests {
    /// Where the working copy goes unless a person names a directory.
    public static let defaultDirectory = LabLock.defaultRunDirectory + "/manifests"
    /// A file that marks a directory as a working copy made by the lab.
    static let marker = ".vibrissa-lab"

    /// The bundled `shop` directory: `manifests/` and `scenarios/`.
    static var bundledShop: String { Bundle.module.bundleURL.appendingPathComponent("shop").path }

    /// Fills `directory` with the shop's manifests; nil is the default directory, which is emptied before.
    ///
    /// A directory that a person names must be new or empty: nothing in it is ever overwritten. Returns its
    /// path.
    @discardableResult
    public static func prepare(directory: String? = nil) throws(LabError) -> String {
        try prepare(directory: directory ?? defaultDirectory, replacesOwn: directory == nil)
    }

    static func prepare(directory: String, replacesOwn: Bool) throws(LabError) -> String {
        let files = FileManager.default
        do {
            var isDirectory: ObjCBool = false
            let exists = files.fileExists(atPath: directory, isDirectory: &isDirectory)
            let content =
                exists && isDirectory.boolValue ? try files.contentsOfDirectory(atPath: directory) : []
            let isOwn = replacesOwn && content.contains(marker)
            guard !exists || (isDirectory.boolValue && (content.isEmpty || isOwn)) else {
                throw LabError(
                    .directoryInUse, operation: "prepare manifests", subject: directory,
                    message: isDirectory.boolValue
                        ? "the directory is not empty" : "there is a file of that name",
                    hint: "name a new or empty directory")
            }
            for name in content { try files.removeItem(atPath: "\(directory)/\(name)") }
            try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: "\(directory)/\(marker)"))
            let source = bundledShop + "/manifests"
            for name in try files.contentsOfDirectory(atPath: source).sorted() {
                try files.copyItem(atPath: "\(source)/\(name)", toPath: "\(directory)/\(name)")
            }
            let created = (files.subpaths(atPath: directory) ?? []).map { "\(directory)/\($0)" }
            giveToCaller([directory] + created)
            return directory
        } catch let error as LabError {
            throw error
        } catch {
            throw LabError(
                operation: "prepare manifests", subject: directory, message: "\(error.localizedDescription)")
        }
    }

    /// Under sudo the files belong to the person who called it, or nobody could edit them without root.
    private static func giveToCaller(_ paths: [String]) {
        let environment = ProcessInfo.processInfo.environment
        guard geteuid() == 0, let user = environment["SUDO_UID"].flatMap(uid_t.init),
            let group = environment["SUDO_GID"].flatMap(gid_t.init)
        else { return }
        // A file that stays root's can still be read by the lab, and edited with root's help.
        for path in paths { _ = lchown(path, user, group) }
    }
}
