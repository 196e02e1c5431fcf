// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// One test of the short form: `shop/cart -> shop/db:5432 allow by shop/allow-cart, pending deny`.
///
/// The grammar is in docs/reference/policy-tests.md.
struct PolicyLine: Sendable, Equatable {
    enum Outcome: String, Sendable, CaseIterable {
        case allow, deny, undecidable
    }

    /// What is expected of one walk.
    struct Expectation: Sendable, Equatable {
        let outcome: Outcome
        let decider: Decider?
    }

    let source: String
    /// With port and protocol.
    let destination: String
    let enforced: Expectation
    let pending: Expectation?

    /// Where a line is wrong. Columns count characters of the line from 0.
    struct SyntaxError: Error, Equatable {
        let column: Int
        let message: String
    }

    static let maximumLength = 2000

    init(_ text: String) throws(SyntaxError) {
        guard text.unicodeScalars.count <= Self.maximumLength else {
            throw SyntaxError(column: 0, message: "a test has at most \(Self.maximumLength) characters")
        }
        var words = PolicyLineWords(text)
        source = try words.next("a source, such as shop/cart or 203.0.113.9")
        try words.take("->", "after the source")
        destination = try words.next("a destination, such as shop/db:5432")
        enforced = try Self.expectation(&words, "after the destination")
        if words.takeIfNext(",") {
            try words.take("pending", "after the comma")
            pending = try Self.expectation(&words, "after 'pending'")
        } else {
            pending = nil
        }
        try words.expectEnd()
    }

    private static func expectation(
        _ words: inout PolicyLineWords, _ place: String
    ) throws(SyntaxError) -> Expectation {
        let outcomes = Outcome.allCases.map(\.rawValue).joined(separator: ", ")
        let column = words.column
        let word = try words.next("one of \(outcomes) \(place)")
        guard let outcome = Outcome(rawValue: word) else {
            throw SyntaxError(
                column: column, message: "\(word.quotedForMessage) is no outcome: expected \(outcomes)")
        }
        guard words.takeIfNext("by") else { return Expectation(outcome: outcome, decider: nil) }
        guard outcome != .undecidable else {
            throw SyntaxError(column: column, message: "nothing decides what is undecidable: leave out 'by'")
        }
        return Expectation(outcome: outcome, decider: try Decider(&words))
    }
}

/// What a test says decided: a policy or a rule of it, the end of a tier, or a profile.
enum Decider: Sendable, Equatable {
    /// nil: any kind, any namespace, any rule.
    case policy(kind: PolicyKind?, namespace: String?, name: String, rule: Int?)
    case endOfTier(String)
    case profile(String)

    init(_ words: inout PolicyLineWords) throws(PolicyLine.SyntaxError) {
        let column = words.column
        let first = try words.next("a policy, 'end of tier NAME' or 'profile NAME' after 'by'")
        if first == "end" {
            try words.take("of", "after 'end'")
            try words.take("tier", "after 'end of'")
            self = .endOfTier(try words.next("the tier's name"))
        } else if first == "profile" {
            self = .profile(try words.next("the profile's name"))
        } else {
            self = try .policy(first, column, rule: Self.rule(&words))
        }
    }

    private static func rule(_ words: inout PolicyLineWords) throws(PolicyLine.SyntaxError) -> Int? {
        guard words.takeIfNext("rule") else { return nil }
        let column = words.column
        let text = try words.next("the rule's index, from 0")
        guard let index = Int(text), (0...100_000).contains(index) else {
            throw PolicyLine.SyntaxError(
                column: column, message: "\(text.quotedForMessage) is no rule index, from 0")
        }
        return index
    }

    /// `[kind:][namespace/]name`.
    private static func policy(
        _ text: String, _ column: Int, rule: Int?
    ) throws(PolicyLine.SyntaxError) -> Decider {
        var name = text[...]
        var kind: PolicyKind?
        if let colon = name.firstIndex(of: ":") {
            let word = name[..<colon].lowercased()
            kind = PolicyKind.allCases.first { $0.shortName == word || $0.rawValue.lowercased() == word }
            guard kind != nil else {
                let known = PolicyKind.allCases.map(\.shortName).joined(separator: ", ")
                throw PolicyLine.SyntaxError(
                    column: column,
                    message: "\(word.quotedForMessage) is no kind of policy: expected \(known)")
            }
            name = name[name.index(after: colon)...]
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw PolicyLine.SyntaxError(
                column: column,
                message: "\(text.quotedForMessage) is no policy: expected [kind:][namespace/]name")
        }
        return .policy(
            kind: kind, namespace: parts.count == 2 ? String(parts[0]) : nil,
            name: String(parts[parts.count - 1]),
            rule: rule)
    }

    /// Whether a decision is the one that is meant. A policy is also meant where it is named for the end of its tier.
    func matches(_ hit: PolicyHit) -> Bool {
        switch (self, hit.place) {
        case (.policy(let kind, let namespace, let name, let rule), .rule(let id, let index)):
            id.isMeant(kind, namespace, name) && (rule == nil || rule == index)
        case (.policy(let kind, let namespace, let name, nil), .endOfTier(let id)):
            id.isMeant(kind, namespace, name)
        case (.endOfTier(let tier), .endOfTier): hit.tier == tier
        case (.profile(let name), .profileRule(let profile, _)): name == profile
        default: false
        }
    }
}

extension Decider: CustomStringConvertible {
    /// As it would be written in a test.
    var description: String {
        switch self {
        case .policy(let kind, let namespace, let name, let rule):
            (kind.map { "\($0.shortName):" } ?? "") + (namespace.map { "\($0)/" } ?? "") + name
                + (rule.map { " rule \($0)" } ?? "")
        case .endOfTier(let tier): "end of tier \(tier)"
        case .profile(let name): "profile \(name)"
        }
    }
}

extension PolicyID {
    fileprivate func isMeant(_ kind: PolicyKind?, _ namespace: String?, _ name: String) -> Bool {
        self.name == name && (kind == nil || kind == self.kind)
            && (namespace == nil || namespace == self.namespace)
    }
}
