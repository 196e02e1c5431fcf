// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc

/// Small files of /proc and /sys, and directory listings, by bare system calls.
enum KernelFile {
    /// Reads a file as text, at most `maximumBytes` of it.
    static func read(
        _ path: String, maximumBytes: Int = 65_536, operation: String = "read"
    ) throws(KernelError) -> String {
        let descriptor = linuxabi_open(path, O_RDONLY)
        guard descriptor >= 0 else { throw .last(operation, path) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maximumBytes)
        var filled = 0
        while filled < maximumBytes {
            let count = bytes.withUnsafeMutableBytes { raw -> Int in
                guard let start = raw.baseAddress else { return 0 }
                return Glibc.read(descriptor, start + filled, maximumBytes - filled)
            }
            if count < 0, Glibc.errno == EINTR { continue }
            guard count >= 0 else { throw .last(operation, path) }
            if count == 0 { break }
            filled += count
        }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }

    /// Writes text to an existing file in one `write`, as sysctls require.
    static func write(_ path: String, _ text: String, operation: String = "write") throws(KernelError) {
        let descriptor = linuxabi_open(path, O_WRONLY)
        guard descriptor >= 0 else { throw .last(operation, path) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let count = Glibc.write(descriptor, bytes, bytes.count)
        guard count == bytes.count else { throw .last(operation, path, detail: "value \"\(text)\"") }
    }

    /// Names in a directory without `.` and `..`, in no order; empty when the directory does not exist.
    static func names(in path: String, operation: String = "list directory") throws(KernelError) -> [String] {
        guard let directory = opendir(path) else {
            if Glibc.errno == ENOENT { return [] }
            throw .last(operation, path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
