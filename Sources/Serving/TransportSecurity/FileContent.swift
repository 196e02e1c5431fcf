// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Reads small files whole.
enum FileContent {
    /// Bound of one file; the authorities of a whole system are a quarter of it.
    static let maximumBytes = 1 << 20

    /// The bytes of a file. Never waits for a writer, as reading a pipe would.
    static func read(_ path: String) throws(TransportSecurityError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 32_768)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, errno) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= maximumBytes else {
                throw TransportSecurityError(
                    .unreadableFile, "read", path,
                    "it is larger than 1 MiB, so it is no file of certificates; check the path")
            }
        }
    }

    /// What an error number means for the file, and what to try.
    private static func failure(_ path: String, _ number: Int32) -> TransportSecurityError {
        switch number {
        case ENOENT, ENOTDIR:
            TransportSecurityError(
                .missingFile, "read", path,
                "there is no such file; check the path, and that the volume with it is mounted")
        case EACCES, EPERM:
            TransportSecurityError(
                .unreadableFile, "read", path,
                "permission denied; let user \(geteuid()), as whom this process runs, read it")
        case EISDIR:
            TransportSecurityError(
                .unreadableFile, "read", path, "it is a directory; name a file in PEM form")
        default:
            TransportSecurityError(.unreadableFile, "read", path, String(cString: strerror(number)))
        }
    }
}
