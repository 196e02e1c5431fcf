// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// How a text differs from a file of the repository; nil when it does not. UPDATE_GOLDEN=1 rewrites the file first.
public func difference(of text: String, from path: URL) throws -> String? {
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
        try FileManager.default.createDirectory(
            at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: path, atomically: true, encoding: .utf8)
    }
    let expected = try String(contentsOf: path, encoding: .utf8)
    guard text != expected else { return nil }
    let lines = [text, expected].map { $0.split(separator: "\n", omittingEmptySubsequences: false) }
    let same = zip(lines[0], lines[1]).prefix { $0 == $1 }.count
    let shown = lines.map { same < $0.count ? $0[same] : "the end" }
    return """
        \(path.lastPathComponent) differs in line \(same + 1); UPDATE_GOLDEN=1 rewrites it
        is:       \(shown[0])
        expected: \(shown[1])
        """
}
