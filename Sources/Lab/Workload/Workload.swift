// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import LinuxKernel

/// The process of a pod or of a host in the lab's internet: `vibrissa workload ...`.
public enum Workload {
    /// The user and group "nobody" of every distribution.
    static let unprivilegedID: UInt32 = 65_534

    /// The whole of `vibrissa workload OPTIONS`, when `arguments` (the process's own, program name first) ask
    /// for it; returns when they do not. Ends the process with 64 for wrong options and 1 for failures.
    ///
    /// Call it as the very first thing of a **synchronous** `main`. An asynchronous `main` runs on a pool
    /// thread, while the real main thread stays behind parked: there it would keep root's identity, unseen
    /// (dispatch_main ends it as far as the C library knows, which then leaves it out of setresuid). Refuses
    /// to run like that.
    public static func runIfAsked(_ arguments: [String] = CommandLine.arguments) {
        guard arguments.count >= 2, arguments[1] == "workload" else { return }
        do {
            let options = try WorkloadOptions.parse(Array(arguments.dropFirst(2)))
            guard try threadCount() == 1 else {
                throw LabError(operation: "run workload", message: "other threads are running already")
            }
            try run(options)
        } catch {
            report("vibrissa workload", "\(error)")
            exit(error is WorkloadArgumentError ? 64 : 1)
        }
    }

    private static func threadCount() throws -> Int {
        guard let directory = opendir("/proc/self/task") else {
            throw LabError(operation: "count threads", message: String(cString: strerror(errno)))
        }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) { if entry.pointee.d_name.0 != CChar(46) { count += 1 } }
        return count
    }

    /// One line on standard error; nobody to tell when that is gone.
    private static func report(_ subject: String, _ line: String) {
        let bytes = Array("\(subject): \(line)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    /// Enters the namespace, gives up privileges, and carries out the behaviour until the process is ended.
    ///
    /// Call it on the main thread before any other thread exists (`runIfAsked` does): a namespace and an
    /// identity belong to threads.
    public static func run(_ options: WorkloadOptions) throws -> Never {
        signal(SIGPIPE, SIG_IGN)
        if let path = options.networkNamespacePath {
            try NetworkNamespace.enterCurrentProcess(path: path)
        }
        if geteuid() == 0 { try ProcessControl.dropPrivileges(uid: unprivilegedID, gid: unprivilegedID) }
        // After the change of user, which clears the setting.
        if let parent = options.parent { try ProcessControl.dieWithParent(expectedParent: parent) }
        let name = options.name.isEmpty ? "workload" : options.name
        let reports = WorkloadReports { report(name, $0) }
        let loop = WorkloadLoop(options, reports: reports)
        try loop.openServers()
        loop.run { true }
        exit(0)
    }
}
