// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI

/// One of the kernel's capabilities (capabilities(7)), with its bit number.
public struct Capability: Hashable, Sendable, CustomStringConvertible {
    /// Bit number in CapEff (include/uapi/linux/capability.h).
    public let bit: UInt8
    /// `CAP_NET_ADMIN`.
    public let description: String

    /// Configure interfaces, routes, nf_tables; read conntrack and NFLOG.
    public static let netAdmin = Capability(bit: UInt8(CAP_NET_ADMIN), description: "CAP_NET_ADMIN")
    /// Create and enter namespaces, mount.
    public static let sysAdmin = Capability(bit: UInt8(CAP_SYS_ADMIN), description: "CAP_SYS_ADMIN")
    /// Raw and packet sockets.
    public static let netRaw = Capability(bit: UInt8(CAP_NET_RAW), description: "CAP_NET_RAW")
    /// Ports below 1024.
    public static let netBindService = Capability(
        bit: UInt8(CAP_NET_BIND_SERVICE), description: "CAP_NET_BIND_SERVICE")
    /// Change user.
    public static let setUID = Capability(bit: UInt8(CAP_SETUID), description: "CAP_SETUID")
    /// Change groups.
    public static let setGID = Capability(bit: UInt8(CAP_SETGID), description: "CAP_SETGID")
    /// Look into other users' processes.
    public static let sysPtrace = Capability(bit: UInt8(CAP_SYS_PTRACE), description: "CAP_SYS_PTRACE")
    /// Load BPF programs.
    public static let bpf = Capability(bit: UInt8(CAP_BPF), description: "CAP_BPF")
}

/// What this process may do.
public enum Capabilities {
    /// Those of `wanted` that this process does not have effectively, in the given order.
    public static func missing(_ wanted: [Capability]) throws(KernelError) -> [Capability] {
        let path = "/proc/self/status"
        let status = try KernelFile.read(path, operation: "read capabilities")
        guard let effective = effective(inStatus: status) else {
            throw KernelError(
                .malformed, operation: "read capabilities", subject: path, detail: "no CapEff line")
        }
        return wanted.filter { effective & (1 << UInt64($0.bit)) == 0 }
    }

    /// The CapEff line of a status file: a hexadecimal bit mask (proc(5)).
    static func effective(inStatus status: String) -> UInt64? {
        for line in status.split(separator: "\n") where line.hasPrefix("CapEff:") {
            return UInt64(line.dropFirst(7).drop { $0 == "\t" || $0 == " " }, radix: 16)
        }
        return nil
    }
}
