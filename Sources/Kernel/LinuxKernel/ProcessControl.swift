// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc

/// What a process does to itself: end with its parent, give up privileges.
public enum ProcessControl {
    /// Has the kernel kill this process (SIGKILL) when the parent's *thread* that started it ends (prctl(2)).
    ///
    /// Give the parent's id to find out whether it ended before this call. Changing user or group clears the
    /// setting: call `dropPrivileges` first.
    public static func dieWithParent(expectedParent: Int32? = nil) throws(KernelError) {
        guard linuxabi_set_parent_death_signal(SIGKILL) == 0 else { throw .last("die with parent", "") }
        if let expectedParent, getppid() != expectedParent {
            throw KernelError(
                .notFound, operation: "die with parent", subject: "\(expectedParent)",
                detail: "the parent has ended already")
        }
    }

    /// Becomes another user for good, on every thread: no supplementary groups, real, effective and saved ids
    /// set, no new privileges by later execs. Neither id may be 0.
    public static func dropPrivileges(uid: UInt32, gid: UInt32) throws(KernelError) {
        let subject = "uid \(uid), gid \(gid)"
        guard uid != 0, gid != 0 else {
            throw KernelError(
                .malformed, operation: "drop privileges", subject: subject, detail: "0 keeps privileges")
        }
        guard linuxabi_drop_to(uid, gid) == 0, linuxabi_set_no_new_privileges() == 0 else {
            throw .last("drop privileges", subject)
        }
        guard getuid() == uid, geteuid() == uid, getgid() == gid, getegid() == gid, setuid(0) != 0 else {
            throw KernelError(
                .permission, operation: "drop privileges", subject: subject,
                detail: "privileges are still there")
        }
    }
}
