// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// One lab per machine: a locked file with the process id and, once known, the console's address.
///
/// The kernel releases the lock when the process ends, however it ends.
public final class LabLock: Sendable {
    /// Where a lab keeps its lock, manifests and zone file. Gone after a restart of the machine.
    public static let defaultRunDirectory = "/run/vibrissa-lab"

    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Takes the lock `lock` in `runDirectory`, which is created; throws `alreadyRunning` when another lab
    /// has it.
    public static func acquire(
        runDirectory: String = LabLock.defaultRunDirectory
    ) throws(LabError) -> LabLock {
        try LabFile.createDirectory(runDirectory)
        let path = runDirectory + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else {
            throw LabError(
                operation: "open lock", subject: path, message: String(cString: strerror(errno)),
                hint: "the lab needs root, or --simulate")
        }
        let lock = LabLock(descriptor: descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw LabError(
                .alreadyRunning, operation: "start lab",
                message: "a lab is already running (\(holder(path)))", hint: "stop it first")
        }
        try lock.write("\(getpid())\n")
        return lock
    }

    /// Tells others where this lab's console is.
    public func publish(consoleAddress: String) throws(LabError) {
        try write("\(getpid())\n\(consoleAddress)\n")
    }

    private func write(_ text: String) throws(LabError) {
        let bytes = Array(text.utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw LabError(operation: "write lock", message: String(cString: strerror(errno)))
        }
    }

    /// `process 4711, console http://127.0.0.1:8080`
    private static func holder(_ path: String) -> String {
        let lines = (LabFile.read(path, maximumBytes: 4096) ?? "").split(separator: "\n")
        guard let process = lines.first.flatMap({ Int32($0) }) else { return "process unknown" }
        return "process \(process)" + (lines.count > 1 ? ", console \(lines[1])" : "")
    }
}
