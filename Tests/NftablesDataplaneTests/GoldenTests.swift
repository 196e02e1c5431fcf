// SPDX-License-Identifier: Apache-2.0

import Foundation
import PolicyEngine
import Testing

@testable import NftablesDataplane

/// Compares with a file below Golden/; UPDATE_GOLDEN=1 rewrites the file instead.
func expectGolden(_ text: String, _ name: String, file: String = #filePath) throws {
    let path = URL(filePath: file).deletingLastPathComponent().appending(path: "Golden/\(name)")
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
        try text.write(to: path, atomically: true, encoding: .utf8)
    }
    let expected = try String(contentsOf: path, encoding: .utf8)
    #expect(text == expected, "\(name) differs; UPDATE_GOLDEN=1 rewrites it")
}

/// The table of a program with identities, as a data plane with instance 0xabc would have it.
func identifiedTable(_ program: EnforcementProgram) -> NftTable {
    var table = NftablesCompiler(configuration: NftablesConfiguration()).compile(program)
    DecisionRegistry(instance: 0xabc).identify(&table, generation: program.generation, previous: nil)
    return table
}

@Suite("Programs become tables")
struct GoldenTests {
    @Test("a representative program")
    func representative() throws {
        let text = NftTextRenderer(instance: 0xabc).render(identifiedTable(Programs.representative))
        try expectGolden(text, "representative.nft")
    }

    @Test("compiling twice gives the same table", arguments: 0..<20)
    func determinism(seed: Int) {
        let program = Programs.random(seed: seed)
        let compiler = NftablesCompiler(configuration: NftablesConfiguration())
        #expect(compiler.compile(program) == compiler.compile(program))
    }
}
