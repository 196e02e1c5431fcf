// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Glibc

/// Reads and replaces small files, on a thread of its own: a volume that does not answer must not hold up
/// those that everything else runs on.
struct SmallFile: Sendable {
    private static let queue = DispatchQueue(label: "emitter files")

    let path: String
    /// Contents larger than this are refused.
    let maximumBytes: Int

    /// The whole content; nil when there is no such file. Never waits for a writer, as reading a pipe would.
    func read() async throws(FlowExportError) -> [UInt8]? {
        try await onQueue { self.readNow() }.get()
    }

    /// Replaces the content: whoever reads, now or after a crash, sees the old or the new one, whole.
    func replace(with bytes: [UInt8]) async throws(FlowExportError) {
        try await onQueue { self.replaceNow(bytes) }.get()
    }

    private func onQueue<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Self.queue.async { continuation.resume(returning: body()) }
        }
    }

    private func readNow() -> Result<[UInt8]?, FlowExportError> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            return errno == ENOENT ? .success(nil) : .failure(failure("read", errno))
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
        var length = 0
        while length < bytes.count {
            let count = bytes[length...].withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(failure("read", errno)) }
            if count == 0 { return .success(Array(bytes[..<length])) }
            length += count
        }
        return .failure(
            FlowExportError(.file, "read", path, "it is larger than \(maximumBytes) bytes; check the path"))
    }

    private func replaceNow(_ bytes: [UInt8]) -> Result<Void, FlowExportError> {
        let draft = path + ".tmp"
        // One that a crash left behind, or a link that someone put there, goes.
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { return .failure(failure("replace", errno)) }
        var problem = Self.store(bytes, in: descriptor)
        if close(descriptor) != 0, problem == 0 { problem = errno }
        if problem == 0, rename(draft, path) != 0 { problem = errno }
        guard problem == 0 else {
            unlink(draft)
            return .failure(failure("replace", problem))
        }
        problem = Self.syncDirectory(of: path)
        return problem == 0 ? .success(()) : .failure(failure("replace", problem))
    }

    /// Zero, or the number of the error.
    private static func store(_ bytes: [UInt8], in descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count < 0 ? errno : EIO }
            rest = rest.dropFirst(count)
        }
        return fsync(descriptor) == 0 ? 0 : errno
    }

    /// Makes a rename last. Zero, or the number of the error.
    private static func syncDirectory(of path: String) -> Int32 {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        return fsync(descriptor) == 0 ? 0 : errno
    }

    private func failure(_ operation: String, _ number: Int32) -> FlowExportError {
        let advice =
            switch number {
            case EACCES, EPERM: "let user \(geteuid()) do so"
            case ENOENT, ENOTDIR: "make its directory"
            case EROFS: "choose a directory that can be written to"
            case ENOSPC, EDQUOT: "make room"
            default: "check the path"
            }
        return FlowExportError(.file, operation, path, "\(String(cString: strerror(number))); \(advice)")
    }
}
