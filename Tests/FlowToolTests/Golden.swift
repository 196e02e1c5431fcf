// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Compares with a file below Golden/; UPDATE_GOLDEN=1 rewrites the file instead.
func expectGolden(_ text: String, _ name: String, file: String = #filePath) throws {
    let folder = URL(filePath: file).deletingLastPathComponent().appending(path: "Golden")
    try expectFile(text, folder.appending(path: name))
}

/// Compares with a file of the repository; UPDATE_GOLDEN=1 rewrites the file instead.
func expectFile(_ text: String, _ path: URL) throws {
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
        try FileManager.default.createDirectory(
            at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: path, atomically: true, encoding: .utf8)
    }
    let expected = try String(contentsOf: path, encoding: .utf8)
    guard text != expected else { return }
    let lines = [text, expected].map { $0.split(separator: "\n", omittingEmptySubsequences: false) }
    let same = zip(lines[0], lines[1]).prefix { $0 == $1 }.count
    let shown = lines.map { same < $0.count ? $0[same] : "the end" }
    Issue.record(
        """
        \(path.lastPathComponent) differs in line \(same + 1); UPDATE_GOLDEN=1 rewrites it
        is:       \(shown[0])
        expected: \(shown[1])
        """)
}
