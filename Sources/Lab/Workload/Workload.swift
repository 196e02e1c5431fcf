// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import LinuxKernel

/// The process of a pod or of a host in the lab's internet: `vibrissa workload ...`.
public enum Workload {
    /// The user and group "nobody" of every distribution.
    static let unprivilegedID: UInt32 = 65_534

    /// Enters the namespace, gives up privileges, and carries out the behaviour until the process is ended.
    ///
    /// Call it on the main thread before any other thread exists: a namespace and an identity belong to threads.
    public static func run(_ options: WorkloadOptions) throws -> Never {
        signal(SIGPIPE, SIG_IGN)
        if let path = options.networkNamespacePath {
            try NetworkNamespace.enterCurrentProcess(path: path)
        }
        if geteuid() == 0 { try ProcessControl.dropPrivileges(uid: unprivilegedID, gid: unprivilegedID) }
        // After the change of user, which clears the setting.
        if let parent = options.parent { try ProcessControl.dieWithParent(expectedParent: parent) }
        let name = options.name.isEmpty ? "workload" : options.name
        let reports = WorkloadReports { line in
            let bytes = Array("\(name): \(line)\n".utf8)
            // Nobody to tell when standard error is gone.
            _ = write(STDERR_FILENO, bytes, bytes.count)
        }
        let loop = WorkloadLoop(options, reports: reports)
        try loop.openServers()
        loop.run { true }
        exit(0)
    }
}
