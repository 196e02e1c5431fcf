// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import PolicyModel

/// The manifest files that paths of a command line stand for, with their bytes.
struct ManifestFiles {
    struct File {
        /// As a person would name it: the path that was given, with what was found below it.
        let path: String
        let bytes: [UInt8]
    }

    static let maximumFiles = 20_000
    static let maximumDepth = 32
    /// Most bytes of one file; a dump of a large cluster has some ten million.
    static let maximumBytes = 256 << 20
    static let standardInput = "<stdin>"

    /// In the order of the paths; below a directory by name.
    private(set) var files: [File] = []
    private var names: Set<String> = []
    private(set) var problems: [Diagnostic] = []
    /// False when a path that was asked for is not there or cannot be read.
    private(set) var isComplete = true

    init(_ paths: [String]) {
        for path in paths { add(path) }
    }

    /// One file, of any name.
    static func bytes(ofFile path: String) throws(WorldError) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw WorldError("it cannot be opened: \(lastError)") }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw WorldError("it cannot be read: \(lastError)") }
            bytes += chunk[..<count]
            guard bytes.count <= maximumBytes else {
                throw WorldError("it has more than \(maximumBytes >> 20) MiB; split it into several files")
            }
        }
    }

    private mutating func add(_ path: String) {
        var status = stat()
        if path == "-" {
            read(path, as: Self.standardInput)
        } else if path.isEmpty {
            refuse("", "an empty path names no file", "use '.' for the current directory")
        } else if stat(path, &status) != 0 {
            refuse(path, "it cannot be read: \(Self.lastError)", "give a file, a directory, or '-'")
        } else if status.st_mode & S_IFMT == S_IFDIR {
            walk(path, depth: 0)
        } else {
            read(path, as: path)
        }
    }

    private mutating func read(_ path: String, as name: String) {
        // Who names a directory and a file in it means the file once.
        guard names.insert(name).inserted else { return }
        do {
            files.append(File(path: name, bytes: try Self.bytes(ofFile: path)))
        } catch {
            refuse(name, error.description)
        }
    }

    // MARK: Directories

    private mutating func walk(_ directory: String, depth: Int) {
        guard depth <= Self.maximumDepth else {
            refuse(directory, "directories nested deeper than \(Self.maximumDepth) levels are not read")
            return
        }
        guard let names = list(directory) else {
            refuse(directory, "the directory cannot be read: \(Self.lastError)")
            return
        }
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        where !Self.isHidden(name) {
            guard files.count < Self.maximumFiles else {
                if isComplete {
                    refuse(directory, "there are more than \(Self.maximumFiles) files: the rest is not read")
                }
                return
            }
            visit(
                directory == "."
                    ? name : directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)", depth)
        }
    }

    /// Links to files are followed; links to directories are not, as they may lead in circles.
    private mutating func visit(_ path: String, _ depth: Int) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR { return walk(path, depth: depth + 1) }
        guard Self.isManifest(path), stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return
        }
        read(path, as: path)
    }

    private mutating func list(_ directory: String) -> [String]? {
        guard let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream), names.count < Self.maximumFiles * 5 {
            let capacity = MemoryLayout.size(ofValue: entry.pointee.d_name)
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: capacity) { String(validatingCString: $0) }
            }
            if let name {
                names.append(name)
            } else {
                refuse(directory, "it holds a file name that is not UTF-8")
            }
        }
        return names
    }

    static func isManifest(_ path: String) -> Bool {
        [".yaml", ".yml", ".json"].contains { path.hasSuffix($0) }
    }

    /// Hidden files, and the copies that editors keep beside the file they change.
    private static func isHidden(_ name: String) -> Bool {
        name.hasPrefix(".") || name.hasPrefix("#") || name.hasPrefix("~") || name.hasSuffix("~")
    }

    private static var lastError: String { String(cString: strerror(errno)) }

    private mutating func refuse(_ path: String, _ message: String, _ suggestion: String = "") {
        isComplete = false
        problems.append(
            Diagnostic(
                .error, message: message, suggestion: suggestion,
                location: SourceLocation(file: path.isEmpty ? "\"\"" : path.escapedForMessage, line: 0)))
    }
}
