// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel
import Testing

@Suite("The filter language")
struct FilterLanguageTests {
    @Test(
        "a text is the condition that it says",
        arguments: [
            ("", .always), ("  \n ", .always), ("true", .always), ("false", .any([])),
            ("dest.namespace = shop", .text(.destinationNamespace, .init(.equals, "shop"))),
            ("DST.Namespace = shop", .text(.destinationNamespace, .init(.equals, "shop"))),
            ("source.name ^= \"web-\"", .text(.sourceName, .init(.hasPrefix, "web-"))),
            ("dest.name != web", .not(.text(.destinationName, .init(.equals, "web")))),
            ("proto = TCP", .text(.transport, .init(.equals, "tcp"))),
            ("protocol = 17", .text(.transport, .init(.equals, "udp"))),
            ("port = 443", .number(.destinationPort, 443...443)),
            ("dest.port >= 1024", .number(.destinationPort, 1_024 ... .max)),
            (
                "dest.port in (80, 8000-8999)",
                .any([.number(.destinationPort, 80...80), .number(.destinationPort, 8_000...8_999)])
            ),
            ("action = Deny", .action(.deny)),
            (
                "action = deny and not reporter = src",
                .all([.action(.deny), .not(.reporter(.source))])
            ),
            (
                "name ~ web or ip in 10.0.0.0/8",
                .any([
                    .text(.sourceName, .init(.contains, "web")),
                    .text(.destinationName, .init(.contains, "web")),
                    .address(.source, prefix("10.0.0.0", 8)),
                    .address(.destination, prefix("10.0.0.0", 8)),
                ])
            ),
            ("has(source.label.app)", .label(.source, key: "app", nil)),
            (
                "source.label[\"app.kubernetes.io/name\"] = cart",
                .label(.source, key: "app.kubernetes.io/name", .init(.equals, "cart"))
            ),
            (
                "policy(tier = default, name ~ web, action = deny, stage = pending)",
                .policy(
                    FlowPolicyCondition(
                        stage: .pending, tier: .init(.equals, "default"), name: .init(.contains, "web"),
                        action: .deny))
            ),
            (
                "action = allow and (dest.type = host or pending = deny)",
                .all([.action(.allow), .any([.endpointType(.destination, .host), .pendingAction(.deny)])])
            ),
        ] as [(String, FlowExpression)])
    func parses(_ text: String, _ expected: FlowExpression) throws {
        #expect(try FlowExpression(parsing: text) == expected)
    }

    @Test(
        "an error says where and what to write",
        arguments: [
            ("source.nmae = x", 1, "source.name"), ("action = dney", 10, "deny"),
            ("action = deny dest.port = 1", 15, "join conditions"), ("(action = deny", 1, "never closed"),
            ("action = deny)", 14, "closes nothing"), ("dest.name ~", 12, "a value"),
            ("dest.name = web*", 13, "no wildcard"), ("source.port = 1", 1, "source ports"),
            ("ip in 10.0.0.1/8", 7, "10.0.0.0/8"), ("dest.port in ()", 15, "empty"),
            ("dest.port = many", 13, ""), ("and", 1, "condition"), ("dest.name = \"web", 13, ""),
        ])
    func errors(_ text: String, _ column: Int, _ part: String) throws {
        let error = #expect(throws: FlowFilterSyntaxError.self) { try FlowExpression(parsing: text) }
        let problem = try #require(error)
        #expect(problem.column == column, "\(problem)")
        #expect(part.isEmpty || problem.description.contains(part), "\(problem)")
        let lines = problem.excerpt(of: text).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 2 && lines[1].hasSuffix("^") && lines[1].count == column)
    }

    @Test("its bounds are refused with a clear error")
    func bounds() {
        let long = String(repeating: "a", count: FlowExpression.maximumTextBytes + 1)
        let deep = String(repeating: "not ", count: FlowExpression.maximumTextDepth + 1) + "true"
        let many = (0...FlowExpression.maximumTextConditions).map { "\($0)" }.joined(separator: ",")
        for text in [long, deep, "dest.port in (\(many))"] {
            #expect(throws: FlowFilterSyntaxError.self) { try FlowExpression(parsing: text) }
        }
    }

    @Test("what is printed is read as the same condition", arguments: 1...40)
    func roundTrip(seed: UInt64) throws {
        var random = Random(state: seed)
        for _ in 0..<50 {
            let expression = random.expression(depth: 3)
            let text = expression.filterText
            guard text.utf8.count <= FlowExpression.maximumTextBytes else { continue }
            let parsed = try FlowExpression(parsing: text)
            #expect(parsed == expression.normalized, "\(text)")
            #expect(parsed.filterText == text)
        }
    }

    @Test("made-up text never ends the process", arguments: 1...20)
    func madeUp(seed: UInt64) {
        var random = Random(state: seed)
        let pieces = [
            "policy(", ")", "(", "and", "not", "in", "source.name", "=", "~", "\"", "\\u{", "}", "[", "]",
            "10.0.0.0/8", "\u{202e}", "é", "\0", "has(", ",", "-", "99999999999999999999", "label.", " ",
        ]
        for _ in 0..<300 {
            let text = (0..<random.below(12)).map { _ in pieces[random.below(pieces.count)] }.joined(
                separator: random.below(2) == 0 ? " " : "")
            do throws(FlowFilterSyntaxError) {
                _ = try FlowExpression(parsing: text)
            } catch {
                #expect(error.offset <= text.utf8.count && error.column >= 1)
                #expect(!error.excerpt(of: text).isEmpty && !error.description.isEmpty)
            }
        }
    }

    @Test("what a common server can ask and what is left to check are the whole condition", arguments: 1...40)
    func split(seed: UInt64) {
        var random = Random(state: seed)
        for _ in 0..<50 {
            let expression = random.expression(depth: 3)
            let (remote, rest) = expression.split()
            for _ in 0..<8 {
                let flow = random.flow()
                #expect(
                    flow.matches(expression) == (flow.matches(remote.expression) && flow.matches(rest)),
                    "\(expression.filterText)")
                #expect(flow.matches(expression) == flow.matches(expression.normalized))
            }
        }
    }

    @Test("what the common filter can say is left to the server alone")
    func splitExact() throws {
        let text = "dest.namespace = shop and action in (deny, allow) and dest.port = 80 and name ~ web"
        let (remote, rest) = try FlowExpression(parsing: text).split()
        #expect(remote.destinationNamespaces == [.init("shop")])
        #expect(remote.actions == [.deny, .allow] && remote.destinationPorts == [80])
        #expect(rest == (try FlowExpression(parsing: "name ~ web")))
    }
}

private func prefix(_ address: String, _ length: Int) -> IPPrefix {
    IPPrefix(IPAddress(address)!, length: length)!
}

/// A flow of few words, so that conditions of the same words often hold.
private struct Flow {
    var key: FlowKey
    var sourceLabels: [String]
    var destinationLabels: [String]
    var addresses: [FlowAddresses]

    func matches(_ expression: FlowExpression) -> Bool {
        expression.matches(
            key, sourceLabels: sourceLabels, destinationLabels: destinationLabels, addresses: addresses)
    }
}

/// Small random values from a seed.
private struct Random {
    var state: UInt64

    mutating func below(_ count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(count))
    }

    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    private static let words = [
        "web", "web-*", "pub", "pvt", "a b", "\"", "", "and", "Global", "-", "é", "*",
    ]

    mutating func match() -> FlowTextMatch {
        FlowTextMatch(pick([.equals, .contains, .hasPrefix, .hasSuffix]), pick(Self.words))
    }

    mutating func expression(depth: Int) -> FlowExpression {
        if depth > 0 {
            switch below(6) {
            case 0: return .not(expression(depth: depth - 1))
            case 1: return .all((0..<below(4)).map { _ in expression(depth: depth - 1) })
            case 2: return .any((0..<below(4)).map { _ in expression(depth: depth - 1) })
            default: break
            }
        }
        switch below(9) {
        case 0: return .text(pick(FlowTextField.allCases), match())
        case 1:
            let low = Int64(below(5))
            return .number(
                pick(FlowNumberField.allCases),
                pick([low...low, low...(low + 2), low ... .max, .min...low]))
        case 2: return .endpointType(pick(FlowEnd.allCases), pick(FlowEndpointType.allCases))
        case 3: return .action(pick(FlowAction.allCases))
        case 4: return .pendingAction(pick(FlowAction.allCases))
        case 5: return .reporter(pick(FlowReporter.allCases))
        case 6:
            return .policy(
                FlowPolicyCondition(
                    stage: pick([nil, .enforced, .pending]), kind: pick([nil] + FlowPolicyKind.allCases),
                    tier: below(2) == 0 ? nil : match(), namespace: below(2) == 0 ? nil : match(),
                    name: below(2) == 0 ? nil : match(), action: pick([nil, .deny, .unspecified]),
                    ruleIndex: pick([nil, -1, 3])))
        case 7:
            return .label(
                pick(FlowEnd.allCases), key: pick(["app", "a/b", "é"]), below(3) == 0 ? nil : match())
        default:
            return .address(
                pick(FlowEnd.allCases),
                pick([prefix("10.0.0.0", 8), prefix("10.0.0.1", 32), prefix("::", 0)]))
        }
    }

    private mutating func end() -> FlowEndpoint {
        FlowEndpoint(
            type: pick(FlowEndpointType.allCases), name: pick(Self.words), namespace: pick(Self.words))
    }

    private mutating func hits() -> [FlowHit] {
        (0..<below(3)).map { index in
            FlowHit(
                kind: pick(FlowPolicyKind.allCases), namespace: pick(Self.words), name: pick(Self.words),
                tier: pick(Self.words), action: pick(FlowAction.allCases), policyIndex: Int64(index),
                ruleIndex: pick([-1, 0, 3]))
        }
    }

    mutating func flow() -> Flow {
        let key = FlowKey(
            source: end(), destination: end(), destinationPort: Int64(below(7)),
            service: FlowService(
                name: pick(Self.words), namespace: pick(Self.words), portName: pick(Self.words),
                port: Int64(below(7))),
            transport: pick(["tcp", "udp", "web"]), reporter: pick(FlowReporter.allCases),
            action: pick(FlowAction.allCases), trace: FlowTrace(enforced: hits(), pending: hits()))
        func labels() -> [String] {
            (0..<below(3)).map { _ in "\(pick(["app", "a/b", "é"]))=\(pick(Self.words))" }.sorted()
        }
        let addresses = FlowAddresses(
            source: pick([IPAddress("10.0.0.1")!, IPAddress("2001:db8::1")!]),
            destination: pick([IPAddress("10.0.0.2")!, IPAddress("192.0.2.1")!]))
        return Flow(
            key: key, sourceLabels: labels(), destinationLabels: labels(),
            addresses: below(2) == 0 ? [] : [addresses])
    }
}
