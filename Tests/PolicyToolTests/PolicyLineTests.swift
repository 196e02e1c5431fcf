// SPDX-License-Identifier: Apache-2.0

import PolicyModel
import TestSupport
import Testing

@testable import PolicyTool

@Suite("Tests of one line")
struct PolicyLineTests {
    struct Good: Sendable, CustomTestStringConvertible {
        let text: String
        let outcome: PolicyLine.Outcome
        var decider: Decider?
        var pending: PolicyLine.Expectation?
        var testDescription: String { text }
    }

    static let good: [Good] = [
        Good(text: "a/b -> c/d:80 allow", outcome: .allow),
        Good(text: "  a/b->c/d:80   deny ", outcome: .deny),
        Good(text: "a/x=1,y=2 -> 10.0.0.1:80/udp undecidable", outcome: .undecidable),
        Good(
            text: "a/b -> c/d:80 allow by c/p", outcome: .allow,
            decider: .policy(kind: nil, namespace: "c", name: "p", rule: nil)),
        Good(
            text: "a/b -> c/d:80 allow by p rule 3", outcome: .allow,
            decider: .policy(kind: nil, namespace: nil, name: "p", rule: 3)),
        Good(
            text: "a/b -> c/d:80 deny by knp:c/p", outcome: .deny,
            decider: .policy(kind: .kubernetesNetworkPolicy, namespace: "c", name: "p", rule: nil)),
        Good(
            text: "a/b -> c/d:80 deny by GlobalNetworkPolicy:p", outcome: .deny,
            decider: .policy(kind: .globalNetworkPolicy, namespace: nil, name: "p", rule: nil)),
        Good(
            text: "a/b -> c/d:80 deny by end of tier security", outcome: .deny,
            decider: .endOfTier("security")),
        Good(text: "a/b -> c/d:80 allow by profile kns.c", outcome: .allow, decider: .profile("kns.c")),
        Good(
            text: "a/b -> c/d:80 allow by c/p, pending deny by end of tier default", outcome: .allow,
            decider: .policy(kind: nil, namespace: "c", name: "p", rule: nil),
            pending: .init(outcome: .deny, decider: .endOfTier("default"))),
        Good(
            text: "a/b -> [fd00::7]:53/udp allow , pending undecidable", outcome: .allow,
            pending: .init(outcome: .undecidable, decider: nil)),
    ]

    @Test("say what they mean", arguments: good)
    func parsing(_ row: Good) throws {
        let line = try PolicyLine(row.text)
        #expect(line.enforced == .init(outcome: row.outcome, decider: row.decider))
        #expect(line.pending == row.pending)
    }

    static let bad: [(text: String, column: Int, message: String)] = [
        ("", 0, "the test ends here: expected a source"),
        ("a/b", 3, "expected '->' after the source"),
        ("a/b => c/d allow", 4, "expected '->' after the source, found \"=>\""),
        ("-> c/d allow", 0, "expected a source, such as shop/cart or 203.0.113.9, found '->'"),
        ("a/b -> c/d:80", 13, "the test ends here: expected one of allow, deny, undecidable"),
        ("a/b -> c/d:80 alow", 14, "\"alow\" is no outcome: expected allow, deny, undecidable"),
        ("a/b -> c/d:80 allow by", 22, "expected a policy"),
        ("a/b -> c/d:80 allow by x:p", 23, "\"x\" is no kind of policy"),
        ("a/b -> c/d:80 allow by a/b/c", 23, "\"a/b/c\" is no policy"),
        ("a/b -> c/d:80 allow by p rule x", 30, "\"x\" is no rule index"),
        ("a/b -> c/d:80 allow by end tier x", 27, "expected 'of' after 'end', found \"tier\""),
        ("a/b -> c/d:80 undecidable by p", 14, "nothing decides what is undecidable"),
        ("a/b -> c/d:80 allow, deny", 21, "expected 'pending' after the comma, found \"deny\""),
        ("a/b -> c/d:80 allow junk", 20, "\"junk\" is not expected here"),
    ]

    @Test("say where they are wrong", arguments: bad)
    func errors(text: String, column: Int, message: String) {
        let error = #expect(throws: PolicyLine.SyntaxError.self) { try PolicyLine(text) }
        #expect(error?.column == column)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("have a bound")
    func bound() {
        #expect(throws: PolicyLine.SyntaxError.self) { try PolicyLine(String(repeating: "a ", count: 2000)) }
    }

    @Test("of any words never crash, and what is read is written back", arguments: 0..<200)
    func garbage(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let words = [
            "a/b", "->", ",", "allow", "deny", "by", "end", "of", "tier", "x", "profile", "rule", "1",
            "pending", "np:a/b", "\u{1b}",
        ]
        let text = (0..<Int.random(in: 0...14, using: &generator))
            .map { _ in words.randomElement(using: &generator) ?? "" }.joined(separator: " ")
        guard let line = try? PolicyLine(text) else { return }
        let deciders = [line.enforced.decider, line.pending?.decider].compactMap { $0?.description }
        #expect(deciders.allSatisfy(text.contains))
    }
}
