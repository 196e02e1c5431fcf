// SPDX-License-Identifier: Apache-2.0

/// Kernel settings below /proc/sys. Those below `net` are of the calling thread's network namespace.
public enum Sysctl {
    /// Sets a value: `write("net.ipv4.ip_forward", "1")`.
    public static func write(_ name: String, _ value: String) throws(KernelError) {
        try KernelFile.write(try path(name), value, operation: "set sysctl")
    }

    /// Reads a value without its final newline.
    public static func read(_ name: String) throws(KernelError) -> String {
        let text = try KernelFile.read(try path(name), maximumBytes: 4096, operation: "read sysctl")
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// The file of a setting. As for sysctl(8), dots part the name and a slash stands for a dot within a part
    /// (`net.ipv4.conf.eth0/1.rp_filter` is interface `eth0.1`).
    static func path(_ name: String) throws(KernelError) -> String {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map { part in
            String(part.map { $0 == "/" ? "." : $0 })
        }
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }) else {
            throw KernelError(
                .malformed, operation: "find sysctl", subject: name, detail: "not a dotted setting name")
        }
        return "/proc/sys/" + parts.joined(separator: "/")
    }
}
