// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import PolicyModel

/// One walk over a directory tree: which manifest files are there, in which version.
struct DirectoryScan {
    /// Tells two versions of a file apart without reading it.
    struct Signature: Hashable {
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let modifiedNanoseconds: Int64
        let changedNanoseconds: Int64
    }

    struct File {
        /// Where to open it: symbolic links resolved.
        let absolutePath: String
        let signature: Signature
    }

    static let maximumFiles = 10_000
    /// Bounds the walk over directories full of other things.
    static let maximumEntries = 100_000
    static let maximumDepth = 32

    /// By path relative to the root.
    private(set) var files: [String: File] = [:]
    /// Absolute paths of every directory of the tree, the root included.
    private(set) var directories: [String] = []
    private(set) var problems: [Diagnostic] = []
    /// False when part of the tree could not be seen: files that are missing from `files` may still be there.
    private(set) var isComplete = true

    private let root: String
    private var resolvedRoot = ""
    private var entryCount = 0

    init(root: String) {
        self.root = root
        guard let resolved = Self.resolve(root) else {
            refuse("", "the directory \(root.quotedForMessage) cannot be opened: \(Self.lastError)")
            return
        }
        resolvedRoot = resolved
        walk("", depth: 0)
    }

    private mutating func walk(_ relative: String, depth: Int) {
        let directory = relative.isEmpty ? resolvedRoot : "\(resolvedRoot)/\(relative)"
        guard depth <= Self.maximumDepth else {
            refuse(relative, "directories nested deeper than \(Self.maximumDepth) levels are not read")
            return
        }
        guard let names = list(directory) else {
            refuse(relative, "the directory cannot be read: \(Self.lastError)")
            return
        }
        directories.append(directory)
        for name in ManifestStore.sorted(names) where !Self.isHidden(name) {
            guard entryCount < Self.maximumEntries, files.count < Self.maximumFiles else {
                if isComplete {
                    refuse(
                        relative,
                        "there are more files than are read (\(Self.maximumFiles)): the rest is ignored")
                }
                return
            }
            entryCount += 1
            visit(name, relative.isEmpty ? name : "\(relative)/\(name)", "\(directory)/\(name)", depth: depth)
        }
    }

    private mutating func visit(_ name: String, _ relative: String, _ absolute: String, depth: Int) {
        var info = stat()
        guard lstat(absolute, &info) == 0 else { return }
        switch info.st_mode & S_IFMT {
        case S_IFDIR: walk(relative, depth: depth + 1)
        case S_IFREG:
            guard Self.isManifest(name) else { return }
            files[relative] = File(absolutePath: absolute, signature: Signature(info))
        case S_IFLNK:
            guard Self.isManifest(name), let target = Self.resolve(absolute), stat(target, &info) == 0,
                info.st_mode & S_IFMT == S_IFREG
            else { return }
            guard target.hasPrefix(resolvedRoot + "/") else {
                warn(relative, "the link leads out of the directory and is not followed")
                return
            }
            files[relative] = File(absolutePath: target, signature: Signature(info))
        default: break
        }
    }

    /// The names in a directory; nil when it cannot be read. Names that are no UTF-8 are reported.
    private mutating func list(_ directory: String) -> [String]? {
        guard let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream), names.count < Self.maximumEntries {
            let capacity = MemoryLayout.size(ofValue: entry.pointee.d_name)
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: capacity) { String(validatingCString: $0) }
            }
            if let name {
                names.append(name)
            } else {
                warn(
                    "",
                    "the directory \(directory.quotedForMessage) holds a name that is not UTF-8"
                )
            }
        }
        return names
    }

    private static func isManifest(_ name: String) -> Bool {
        [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) && name.utf8.count > $0.utf8.count }
    }

    /// Hidden files, and the copies that editors keep beside the file they change.
    private static func isHidden(_ name: String) -> Bool {
        name.hasPrefix(".") || name.hasPrefix("#") || name.hasPrefix("~") || name.hasSuffix("~")
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(validatingCString: resolved)
    }

    private static var lastError: String { String(cString: strerror(errno)) }

    private mutating func refuse(_ relative: String, _ message: String) {
        isComplete = false
        problems.append(Self.problem(.error, relative.isEmpty ? root : relative, message))
    }

    private mutating func warn(_ relative: String, _ message: String) {
        problems.append(Self.problem(.warning, relative.isEmpty ? root : relative, message))
    }

    private static func problem(
        _ severity: Diagnostic.Severity, _ path: String, _ message: String
    )
        -> Diagnostic
    {
        Diagnostic(
            severity, message: message, location: SourceLocation(file: path.escapedForMessage, line: 0))
    }
}

extension DirectoryScan.Signature {
    init(_ info: stat) {
        func nanoseconds(_ time: timespec) -> Int64 {
            Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        }
        self.init(
            device: UInt64(info.st_dev), inode: UInt64(info.st_ino), size: Int64(info.st_size),
            modifiedNanoseconds: nanoseconds(info.st_mtim), changedNanoseconds: nanoseconds(info.st_ctim))
    }
}
