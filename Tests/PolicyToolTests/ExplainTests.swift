// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import PolicyTool

@Suite("Explanations are told")
struct ExplainTests {
    @Test("as text", arguments: ExplainSituation.all)
    func text(_ situation: ExplainSituation) throws {
        let report = try situation.report()
        try expectGolden(
            report.text(situation.style, isFull: situation.isFull), "explain/\(situation.name).txt")
    }

    @Test("as JSON", arguments: ExplainSituation.all.filter { $0.name != "wide" && $0.name != "colored" })
    func json(_ situation: ExplainSituation) throws {
        try expectGolden(try Document.json(situation.report().document), "explain/\(situation.name).json")
    }

    @Test("as YAML with the same names")
    func yaml() throws {
        let document = try ExplainSituation.deniedByEndOfTier.report().document
        try expectGolden(try Document.yaml(document), "explain/denied-by-end-of-tier.yaml")
    }

    @Test(
        "with an exit status that says the outcome",
        arguments: [
            (situation: ExplainSituation.allowedByRule, status: 0), (.deniedByRule, 1), (.differingPods, 1),
            (.http, 3), (.unknownSource, 3),
        ])
    func exitStatus(situation: ExplainSituation, status: Int) throws {
        #expect(Int(try situation.report().exitStatus) == status)
    }

    @Test("without a control character, whatever names and labels hold")
    func hostileNames() throws {
        let policies = """
            apiVersion: projectcalico.org/v3
            kind: NetworkPolicy
            metadata: {name: odd, namespace: shop}
            spec:
              selector: app == 'db'
              ingress:
              - action: Allow
                source: {selector: "app == '\\e[31mred\\u202e'"}
            """
        let situation = ExplainSituation(
            name: "", source: "shop/cart", destination: "shop/db:5432", policies: policies)
        let text = try situation.report().text(situation.style)
        #expect(text.contains(#"\u{1b}[31mred\u{202e}"#))
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202e })
    }

    @Test(
        "no line of text is wider than it may be, as long as its words fit",
        arguments: [60, 80, 100, 120, 200])
    func width(_ width: Int) throws {
        for situation in ExplainSituation.all {
            let text = try situation.report().text(TextStyle(width: width))
            for line in text.split(separator: "\n") {
                #expect(line.count <= width, "\(situation.name): \(line)")
            }
        }
    }
}
