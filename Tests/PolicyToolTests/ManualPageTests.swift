// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Manual pages")
struct ManualPageTests {
    static let folder = Fixtures.repository.appending(path: "docs/man")

    private static func pages() throws -> [ManualPage] {
        let help = try CommandLineTests.run(
            CommandLineTests.binary, ["--experimental-dump-help"], in: Fixtures.folder)
        return try ManualPage.all(fromHelp: help.output)
    }

    @Test(
        "every command has a page, which says what its help says; no page is left of a command that is gone")
    func pagesAreCurrent() throws {
        let pages = try Self.pages()
        for page in pages {
            #expect(try difference(of: page.text, from: Self.folder.appending(path: page.fileName)) == nil)
        }
        let present = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path())
        #expect(Set(present.filter { $0.hasSuffix(".1") }) == Set(pages.map(\.fileName)))
    }

    @Test("every command says its exit statuses, which have a section of their own")
    func exitStatus() throws {
        for page in try Self.pages() where page.command.subcommands?.isEmpty ?? true {
            #expect(page.text.contains(".SH EXIT STATUS\n.PP\n0 "), "\(page.fileName)")
        }
    }
}
