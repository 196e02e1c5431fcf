// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Compares with a file below Golden/; UPDATE_GOLDEN=1 rewrites the file instead.
func expectGolden(_ text: String, _ name: String, file: String = #filePath) throws {
    let folder = URL(filePath: file).deletingLastPathComponent().appending(path: "Golden")
    #expect(try difference(of: text, from: folder.appending(path: name)) == nil)
}
