// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import PolicyTool

/// Files of the repository that tests read.
enum Fixtures {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let folder = repository.appending(path: "Tests/Fixtures/policy-tool").path() + "/"
    static let example = repository.appending(path: "docs/examples/policy-tests").path() + "/"

    /// The text with the places of this machine taken out.
    static func portable(_ text: String) -> String {
        text.replacing(folder, with: "").replacing(example, with: "example/").replacing(
            "../../../docs/examples/policy-tests/", with: "example/")
    }

    static func world(_ names: String...) -> World { World.reading(names.map { folder + $0 }) }
}
