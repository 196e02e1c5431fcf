// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The repository's own files, as the tests see them.
enum RepositoryFiles {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct File: Sendable, CustomStringConvertible {
        /// Relative to the repository.
        let path: String
        let text: String
        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        var description: String { path }
    }

    /// Files below `folder` with one of the extensions, sorted by path; build output and generated code left
    /// out.
    static func files(in folder: String, extensions: Set<String>) -> [File] {
        let base = root.appending(path: folder)
        guard let walker = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil) else {
            return []
        }
        var files: [File] = []
        for case let url as URL in walker where extensions.contains(url.pathExtension) {
            let path = String(url.standardizedFileURL.path().dropFirst(root.standardizedFileURL.path().count))
                .trimmingPrefix("/")
            guard !path.contains("/Generated/"), let text = try? String(contentsOf: url, encoding: .utf8)
            else { continue }
            files.append(File(path: String(path), text: text))
        }
        return files.sorted { $0.path < $1.path }
    }
}
