// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Wakes the watching thread when something happens in the watched directories (inotify(7)).
///
/// Which files changed is never taken from events: every wake-up looks at the whole tree again. So a queue
/// overflow needs no treatment of its own, and events that were lost between a scan and a new watch are found
/// by scanning again whenever a watch was added. What only events can tell is that a file is open and being
/// written: half of it must not be read.
final class DirectoryEvents {
    let descriptor: Int32
    private var watched: [Int32: String] = [:]
    /// When each file was last written to that has not been closed since, in milliseconds of the monotonic
    /// clock.
    private var lastWrites: [String: Int64] = [:]

    /// A writer that is silent for this long no longer holds its file back.
    static let maximumSilenceMilliseconds: Int64 = 2000
    /// Bounds `lastWrites`; files beyond it are only protected by their age.
    private static let maximumOpenFiles = 1000

    private static let endOfWriting = UInt32(IN_CLOSE_WRITE | IN_MOVED_FROM | IN_DELETE)
    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB | IN_MODIFY
            | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

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

    /// Takes what is queued. True when the tree may have changed; that an open file grew is no news yet.
    @discardableResult
    func drain(now: Int64) -> Bool {
        var isNews = false
        withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 8) { buffer in
            while true {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                guard count > 0 else { break }
                if take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), now: now) { isNews = true }
            }
        }
        return isNews
    }

    /// Absolute paths of the files that somebody is writing.
    func filesBeingWritten(now: Int64) -> Set<String> {
        lastWrites = lastWrites.filter { now - $0.value < Self.maximumSilenceMilliseconds }
        return Set(lastWrites.keys)
    }

    /// `struct inotify_event`: watch, mask, cookie and name length, 4 bytes each, then the name padded with
    /// zeros.
    private func take(_ events: UnsafeRawBufferPointer, now: Int64) -> Bool {
        var isNews = false
        var offset = 0
        while offset + 16 <= events.count {
            let watch = events.loadUnaligned(fromByteOffset: offset, as: Int32.self)
            let mask = events.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            let length = Int(events.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            guard offset + 16 + length <= events.count else { break }
            let name = events[(offset + 16)..<(offset + 16 + length)].prefix { $0 != 0 }
            offset += 16 + length
            let isWrite = mask & UInt32(IN_MODIFY) != 0
            if !isWrite { isNews = true }
            guard let directory = watched[watch] else { continue }
            let path = "\(directory)/\(String(decoding: name, as: UTF8.self))"
            if isWrite, lastWrites[path] != nil || lastWrites.count < Self.maximumOpenFiles {
                lastWrites[path] = now
            } else if mask & Self.endOfWriting != 0 {
                lastWrites[path] = nil
            }
        }
        return isNews
    }
}
