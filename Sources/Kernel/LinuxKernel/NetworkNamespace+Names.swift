// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc

// Names below /run/netns, compatible with `ip netns` (iproute2, ip/ipnetns.c): each is an empty file on which
// the namespace is bind-mounted; the directory is a shared mount, so that other mount namespaces see names
// come and go.
extension NetworkNamespace {
    /// Where names live.
    public static let directory = "/run/netns"

    /// Creates a namespace and gives it a name. It lasts until `delete`, also after this process ends.
    @discardableResult
    public static func create(_ name: String) throws(KernelError) -> NetworkNamespace {
        let path = try path(of: name)
        try prepareDirectory()
        let file = linuxabi_create_mount_point(path)
        guard file >= 0 else { throw .last("create network namespace", name) }
        close(file)
        do throws(KernelError) {
            // The thread is born in the caller's namespace, leaves it, pins the new one by its name, and
            // ends.
            try onNewThread { () -> Result<Void, KernelError> in
                do throws(KernelError) {
                    try unshare(subject: name)
                    guard linuxabi_bind_mount("/proc/thread-self/ns/net", path, 0) == 0 else {
                        throw .last("name network namespace", name)
                    }
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }.get()
            return try open(name)
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Removes a name. The namespace itself ends with its last descriptor, socket or process.
    public static func delete(_ name: String) throws(KernelError) {
        let path = try path(of: name)
        // EINVAL: the file is there but nothing is mounted on it, left by a crash between the two steps.
        if linuxabi_detach_mount(path) != 0, Glibc.errno != EINVAL, Glibc.errno != ENOENT {
            throw .last("delete network namespace", name)
        }
        guard unlink(path) == 0 else { throw .last("delete network namespace", name) }
    }

    /// All names that start with `prefix`, sorted.
    public static func list(prefix: String = "") throws(KernelError) -> [String] {
        try KernelFile.names(in: directory, operation: "list network namespaces")
            .filter { $0.hasPrefix(prefix) }.sorted()
    }

    /// Opens a named namespace.
    public static func open(_ name: String) throws(KernelError) -> NetworkNamespace {
        try open(path: try path(of: name), name: name)
    }

    /// Whether the name is taken.
    public static func exists(_ name: String) -> Bool {
        guard let path = try? path(of: name) else { return false }  // an impossible name is never taken
        return access(path, F_OK) == 0
    }

    /// Process ids whose main thread is in the namespace, ascending. Processes that cannot be looked at are
    /// left out.
    public static func processes(in namespace: NetworkNamespace) throws(KernelError) -> [Int32] {
        try KernelFile.names(in: "/proc", operation: "list processes").compactMap(Int32.init).filter {
            process in
            var status = stat()
            guard stat("/proc/\(process)/ns/net", &status) == 0 else { return false }
            return namespace.identity
                == Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        }.sorted()
    }

    /// The file of a name. Refuses what could leave the directory.
    public static func path(of name: String) throws(KernelError) -> String {
        let bytes = name.utf8
        let isPlain = bytes.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") }
        guard (1...255).contains(bytes.count), isPlain, name != ".", name != ".." else {
            throw KernelError(
                .malformed, operation: "name network namespace", subject: name,
                detail: "a name has 1 to 255 bytes without slashes, spaces and control characters")
        }
        return "\(directory)/\(name)"
    }

    /// Makes the directory a shared mount once, as `ip netns add` does, under the same lock as it takes.
    private static func prepareDirectory() throws(KernelError) {
        guard mkdir(directory, 0o755) == 0 || Glibc.errno == EEXIST else {
            throw .last("create directory", directory)
        }
        let lock = linuxabi_open(directory, O_RDONLY | O_DIRECTORY)
        guard lock >= 0 else { throw .last("open directory", directory) }
        defer { close(lock) }
        // Without the lock (a file system without flock) the worst case is one bind mount too many.
        _ = flock(lock, LOCK_EX)
        if linuxabi_make_mount_shared(directory) == 0 { return }
        guard Glibc.errno == EINVAL else { throw .last("share mount", directory) }
        guard linuxabi_bind_mount(directory, directory, 1) == 0 else { throw .last("bind mount", directory) }
        guard linuxabi_make_mount_shared(directory) == 0 else { throw .last("share mount", directory) }
    }
}
