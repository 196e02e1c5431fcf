// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import PolicyModel

/// Keeps a `ManifestStore` in step with a directory: each `refresh` reads the files that changed since the
/// last one.
struct DirectoryReader {
    /// What a refresh found.
    struct Refresh {
        /// nil when nothing is different.
        let update: ClusterUpdate?
        /// Absolute paths of the directories to watch; empty when the root itself cannot be opened.
        let directories: [String]
        /// True when a file may still be being written, or seems to be gone: look again soon.
        let hasUnsettledFiles: Bool
    }

    /// A file that changed less than this long ago may still be being written.
    static let settleNanoseconds: Int64 = 40_000_000
    static let emptiedSettleNanoseconds: Int64 = 1_000_000_000
    /// Looks in a row that leave removals for later.
    static let maximumPostponements = 8

    private let root: String
    private let limits: ManifestLimits
    private var store: ManifestStore
    /// What was read; nil for a version so young that a later write may look the same.
    private var known: [String: DirectoryScan.Signature?] = [:]
    /// Files that the last look did not find. A tree that changes while it is looked through can seem to lack a
    /// file that was only renamed, so it takes two looks to believe that one is gone.
    private var missing: Set<String> = []
    private var doubtfulLooks = 0
    private var isFirst = true
    private var postponements = 0
    /// Problems of the watch itself.
    var notices: [Diagnostic] = []

    init(root: String, limits: ManifestLimits) {
        self.root = root
        self.limits = limits
        store = ManifestStore(limits: limits)
    }

    /// `filesBeingWritten`, by absolute path, are left for later.
    mutating func refresh(filesBeingWritten: Set<String> = []) -> Refresh {
        let scan = DirectoryScan(root: root)
        if doubts(scan) {
            return Refresh(update: nil, directories: scan.directories, hasUnsettledFiles: true)
        }
        let now = Self.now()
        var inputs: [ManifestStore.Input] = []
        var hasUnsettledFiles = false
        for path in ManifestStore.sorted(scan.files.keys) {
            guard let file = scan.files[path] else { continue }
            if let signature = known[path], signature == file.signature { continue }
            let isUnsettled = filesBeingWritten.contains(file.absolutePath) || isYoung(file, path, now: now)
            if isUnsettled {
                hasUnsettledFiles = true
                // The first state must be whole; later, half a file is worse than one that comes a little
                // late.
                if !isFirst { continue }
            }
            if let input = read(path, file) {
                inputs.append(input)
                known[path] = .some(isUnsettled ? nil : file.signature)
            }
        }
        if scan.isComplete, !postponesRemovals(hasUnsettledFiles) {
            for path in known.keys where scan.files[path] == nil {
                inputs.append(.removed(path: path))
                known[path] = nil
            }
        }
        isFirst = false
        return Refresh(
            update: store.apply(inputs, notices: notices + scan.problems), directories: scan.directories,
            hasUnsettledFiles: hasUnsettledFiles)
    }

    /// True when files are gone that the last look still found: it takes another look to believe it. Only for a
    /// while, as a tree may lose files without end.
    private mutating func doubts(_ scan: DirectoryScan) -> Bool {
        let gone = scan.isComplete ? Set(known.keys.filter { scan.files[$0] == nil }) : []
        defer { missing = gone }
        doubtfulLooks = gone.isSubset(of: missing) ? 0 : doubtfulLooks + 1
        return (1...Self.maximumPostponements).contains(doubtfulLooks)
    }

    private func isYoung(_ file: DirectoryScan.File, _ path: String, now: Int64) -> Bool {
        let age = now - max(file.signature.modifiedNanoseconds, file.signature.changedNanoseconds)
        // A file that was there and is empty now has probably just been opened to be written anew.
        let isEmptied = file.signature.size == 0 && known[path] != nil
        return (0..<(isEmptied ? Self.emptiedSettleNanoseconds : Self.settleNanoseconds)).contains(age)
    }

    /// While a file waits to be read, another that is gone may be the same one under its old name: its
    /// resources must not vanish for a moment. Only for a while, as some file may be written to without end.
    private mutating func postponesRemovals(_ hasUnsettledFiles: Bool) -> Bool {
        postponements = hasUnsettledFiles && !isFirst ? postponements + 1 : 0
        return (1...Self.maximumPostponements).contains(postponements)
    }

    /// nil when the file vanished since the scan: the next scan says so.
    private func read(_ path: String, _ file: DirectoryScan.File) -> ManifestStore.Input? {
        // Never wait for a named pipe or follow a link that was put there after the scan.
        let descriptor = open(file.absolutePath, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else {
            return errno == ENOENT ? nil : .unreadable(path: path, reason: Self.reason("opened"))
        }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            return .unreadable(path: path, reason: "the file is not a regular file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= limits.fileBytes {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .unreadable(path: path, reason: Self.reason("read")) }
            if count == 0 { return .content(path: path, bytes: bytes) }
            bytes += chunk[..<count]
        }
        return .unreadable(
            path: path, reason: "the file has more than \(limits.fileBytes) bytes and is not read: split it")
    }

    private static func reason(_ verb: String) -> String {
        "the file cannot be \(verb): \(String(cString: strerror(errno)))"
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
