// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("The repository is tidy")
struct TidyTests {
    static let sources =
        RepositoryFiles.files(in: "Sources", extensions: ["swift", "js", "css", "c", "h"])
        + RepositoryFiles.files(in: "Tests", extensions: ["swift", "js", "mjs"])

    @Test("source files are at most 600 lines of at most 120 columns and carry a licence line")
    func sizes() {
        #expect(!Self.sources.isEmpty)
        for file in Self.sources {
            #expect(file.lines.count <= 600, "\(file.path) has \(file.lines.count) lines")
            for (index, line) in file.lines.enumerated() where line.count > 120 {
                Issue.record("\(file.path):\(index + 1) has \(line.count) columns")
            }
            #expect(file.text.prefix(200).contains("SPDX-License-Identifier: Apache-2.0"), "\(file.path)")
        }
    }

    @Test("nothing unfinished or dangerous is left in the sources")
    func leftovers() {
        let forbidden = [
            "TO" + "DO", "FIX" + "ME", "try" + "!", "fatal" + "Error(", "inner" + "HTML",
            "Task" + ".detached",
        ]
        for file in Self.sources where file.path.hasPrefix("Sources/") {
            for word in forbidden { #expect(!file.text.contains(word), "\(file.path) contains \(word)") }
        }
    }

    @Test("links between documents lead somewhere")
    func documentLinks() throws {
        let documents =
            RepositoryFiles.files(in: "docs", extensions: ["md"])
            + ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].compactMap { name in
                (try? String(contentsOf: RepositoryFiles.root.appending(path: name), encoding: .utf8))
                    .map { RepositoryFiles.File(path: name, text: $0) }
            }
        #expect(documents.count >= 5)
        let link = /\]\(([^)#\s]+)(#[^)]*)?\)/
        for document in documents {
            let folder = RepositoryFiles.root.appending(path: document.path).deletingLastPathComponent()
            for match in document.text.matches(of: link) where !match.output.1.contains("://") {
                let target = folder.appending(path: String(match.output.1)).standardizedFileURL.path()
                #expect(
                    FileManager.default.fileExists(atPath: target), "\(document.path) links \(match.output.1)"
                )
            }
        }
    }

    @Test("paths that the architecture page names exist")
    func architecturePaths() throws {
        let text = try String(
            contentsOf: RepositoryFiles.root.appending(path: "ARCHITECTURE.md"), encoding: .utf8)
        let paths = text.matches(of: /`((?:Sources|Tests|docs|scripts)\/[A-Za-z0-9_\/.-]+)`/).map {
            String($0.output.1)
        }
        #expect(!paths.isEmpty)
        for path in paths {
            let target = RepositoryFiles.root.appending(path: path).path()
            #expect(FileManager.default.fileExists(atPath: target), "ARCHITECTURE.md names \(path)")
        }
    }
}
