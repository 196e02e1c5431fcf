// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Wakes the watching thread when something happens in the watched directories (inotify(7)).
///
/// Only *that* something happened counts, never what: every wake-up looks at the whole tree again. So a queue
/// overflow needs no treatment of its own, and events that were lost between a scan and a new watch are found
/// by scanning again whenever a watch was added.
final class DirectoryEvents {
    let descriptor: Int32
    private var watched: [Int32: String] = [:]

    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB | IN_DELETE_SELF
            | IN_MOVE_SELF | IN_ONLYDIR)

    /// nil when the kernel gives no inotify instance; `errno` says why.
    init?() {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// What `watch` did.
    enum Outcome {
        case unchanged
        /// At least one directory was not watched before: what happened in it until now was missed.
        case added
        /// A directory cannot be watched; carries `errno`.
        case failed(Int32)
    }

    /// Makes `directories` the watched ones.
    func watch(_ directories: [String]) -> Outcome {
        var current: [Int32: String] = [:]
        var outcome = Outcome.unchanged
        for directory in directories {
            let watch = inotify_add_watch(descriptor, directory, Self.mask)
            guard watch >= 0 else {
                // Deleted since the scan: its parent's watch reports that.
                if errno == ENOENT || errno == ENOTDIR { continue }
                outcome = .failed(errno)
                continue
            }
            if watched[watch] == nil, case .unchanged = outcome { outcome = .added }
            current[watch] = directory
        }
        for watch in watched.keys where current[watch] == nil { inotify_rm_watch(descriptor, watch) }
        watched = current
        return outcome
    }

    /// Throws away what is queued.
    func drain() {
        withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 8) { buffer in
            while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
        }
    }
}
