// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Writes files so that a reader sees the old one or the new one, whole.
enum FileReplacement {
    /// Whether there is anything of the name, even a link that leads nowhere.
    static func exists(_ path: String) -> Bool {
        faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Makes a directory, and those above it, where they are missing.
    static func makeDirectory(_ path: String) throws(TransportSecurityError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += part + "/"
            if mkdir(made, 0o755) == 0 || errno == EEXIST { continue }
            throw failure("make", made, errno)
        }
        let descriptor = open(made.isEmpty ? "." : made, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path, errno) }
        close(descriptor)
    }

    /// Writes next to the file and renames; the mode holds from the first byte on.
    static func write(_ text: String, to path: String, mode: mode_t) throws(TransportSecurityError) {
        let draft = "\(path).\(UInt32.random(in: .min ... .max)).tmp"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw failure("write", path, errno) }
        var problem = store(text, in: descriptor, mode: mode)
        if close(descriptor) != 0, problem == 0 { problem = errno }
        if problem == 0, rename(draft, path) != 0 { problem = errno }
        guard problem == 0 else {
            unlink(draft)
            throw failure("write", path, problem)
        }
    }

    /// Zero, or the number of the error.
    private static func store(_ text: String, in descriptor: Int32, mode: mode_t) -> Int32 {
        // The process's mask may have taken bits away.
        guard fchmod(descriptor, mode) == 0 else { return errno }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count < 0 ? errno : EIO }
            rest = rest.dropFirst(count)
        }
        return fsync(descriptor) == 0 ? 0 : errno
    }

    private static func failure(
        _ operation: String, _ path: String, _ number: Int32
    ) -> TransportSecurityError {
        let reason = String(cString: strerror(number))
        let advice =
            switch number {
            case EACCES, EPERM, EROFS: "choose a directory that you may write to, with --directory"
            case ENOTDIR: "a part of the path is a file; choose another directory with --directory"
            case ENOSPC, EDQUOT: "make room, or choose another directory with --directory"
            default: "check the path"
            }
        return TransportSecurityError(.cannotWrite, operation, path, "\(reason); \(advice)")
    }
}
