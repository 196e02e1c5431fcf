// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A folder of files that is gone when the tests end.
public struct TemporaryFolder: Sendable {
    public let path: String

    /// Holds the folders of all tests; removed when the process exits.
    private static let root: URL = {
        let root = FileManager.default.temporaryDirectory.appending(
            path: "vibrissa-test-\(UUID().uuidString)")
        atexit { try? FileManager.default.removeItem(at: TemporaryFolder.root) }
        return root
    }()

    /// Files by their path in the folder.
    public init(_ files: [String: String] = [:]) throws {
        let folder = Self.root.appending(path: UUID().uuidString)
        path = folder.path()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in files {
            let target = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: target, atomically: true, encoding: .utf8)
        }
    }

    /// The path of a file in it, there or not.
    public func file(_ name: String) -> String { "\(path)/\(name)" }
}
