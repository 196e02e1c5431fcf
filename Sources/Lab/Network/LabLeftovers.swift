// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import LinuxKernel

/// What a lab that crashed had left behind.
public struct LabLeftovers: Hashable, Sendable {
    /// Names of removed namespaces.
    public var namespaces: [String] = []
    /// Ids of processes in them that were killed.
    public var processes: [Int32] = []

    public var isEmpty: Bool { namespaces.isEmpty && processes.isEmpty }
}

extension LabNetwork {
    /// Removes the namespaces of a crashed lab and kills the processes in them. Hold the lock (`LabLock`)
    /// meanwhile.
    ///
    /// A process is known by its namespace (the inode of /proc/PID/ns/net), not by its name. The calling
    /// process is never one of them.
    public static func cleanUpLeftovers(
        prefix: String = LabNetwork.defaultPrefix
    ) throws(KernelError) -> LabLeftovers {
        var found = LabLeftovers()
        for name in try NetworkNamespace.list(prefix: prefix + "-") {
            found.processes += killProcesses(inNamespace: name)
            do throws(KernelError) {
                try NetworkNamespace.delete(name)
                found.namespaces.append(name)
            } catch  where error.code == .notFound {
                // Somebody else removed it in between.
            }
        }
        return found
    }

    private static func killProcesses(inNamespace name: String) -> [Int32] {
        // A name without a namespace on it (a crash between the two steps) holds nobody: only its file is
        // removed. It then shows the inode of an ordinary file, which is nobody's namespace.
        guard let namespace = try? NetworkNamespace.open(name),
            let processes = try? NetworkNamespace.processes(in: namespace)
        else { return [] }
        return processes.filter { $0 != getpid() && kill($0, SIGKILL) == 0 }
    }
}
