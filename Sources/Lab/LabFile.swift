// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Small text files by bare system calls.
enum LabFile {
    /// The file as text; nil when it cannot be read or is longer than `maximumBytes`.
    static func read(_ path: String, maximumBytes: Int) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0, bytes.count + count <= maximumBytes else { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += block[..<count]
        }
    }

    /// Replaces the file at once: a reader sees the old text or the new one.
    ///
    /// The temporary file's name starts with a dot, so that a watcher of manifests does not take it for one.
    static func write(_ text: String, to path: String) throws(LabError) {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let temporary = "\(path[..<slash]).\(path[slash...]).\(getpid())"
        func failure() -> LabError {
            LabError(operation: "write", subject: path, message: String(cString: strerror(errno)))
        }
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure() }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = failure()
                close(descriptor)
                unlink(temporary)
                throw error
            }
            rest = rest.dropFirst(count)
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else {
            let error = failure()
            unlink(temporary)
            throw error
        }
    }

    /// Creates a directory that everyone may read; it may exist already.
    static func createDirectory(_ path: String) throws(LabError) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw LabError(
                operation: "create directory", subject: path, message: String(cString: strerror(errno)))
        }
    }
}
