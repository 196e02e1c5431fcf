// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import Testing

/// A flow as the store should know it after all of its records.
private struct PlainFlow {
    var key: FlowKey
    /// Of the record that came last among those of the newest window.
    var sourceLabels: [String] = []
    var destinationLabels: [String] = []
    /// Distinct, newest last.
    var addresses: [FlowAddresses] = []
    /// Start of the newest window with a record, Unix seconds.
    var newest: Int64 = .min

    mutating func add(_ record: FlowRecord) {
        let window = record.time.seconds - (record.time.seconds % 15 + 15) % 15
        if window >= newest {
            (newest, sourceLabels, destinationLabels) = (
                window, record.sourceLabels, record.destinationLabels
            )
        }
        guard let pair = record.addresses else { return }
        addresses.removeAll { $0 == pair }
        addresses = addresses.suffix(7) + [pair]
    }

    func matches(_ expression: FlowExpression) -> Bool {
        expression.matches(
            key, sourceLabels: sourceLabels, destinationLabels: destinationLabels, addresses: addresses)
    }
}

@Suite("The store's filter and the filter of a single flow")
struct FilterDifferentialTests {
    /// A store that has rolled over a few times, and the flows that it was given; a flow's number is its place
    /// plus one. Flows of the first rounds have left it.
    private static func history(_ random: inout RandomFlows) -> (store: FlowStore, flows: [PlainFlow]) {
        var store = storeAtT0(.init(windowCount: 8))
        var flows: [PlainFlow] = []
        var seen: Set<[UInt8]> = []
        for round in 0..<5 {
            store.rollOver(now: time(Double(round) * 45))
            var places: [Int] = []
            for _ in 0..<40 {
                let key = random.key()
                // Keys are told apart by their bytes.
                guard seen.insert(Array("\(key)".utf8)).inserted else { continue }
                places.append(flows.count)
                flows.append(PlainFlow(key: key))
            }
            places += (0..<80).map { _ in random.below(flows.count) }.filter {
                flows[$0].newest == .min || flows[$0].newest >= store.oldestSeconds
            }
            // One flow has more addresses than are kept.
            places += Array(repeating: places[0], count: 30)
            for place in places {
                let window = store.oldestSeconds + Int64(random.below(7)) * 15
                var record = record(
                    flows[place].key, at: Double(window + Int64(random.below(15)) - t0),
                    source: random.labels(), destination: random.labels())
                record.addresses = random.addresses()
                #expect(store.insert(record) == .stored)
                flows[place].add(record)
            }
            if round % 2 == 0 { store.sealAll() }
        }
        return (store, flows)
    }

    @Test("have the same answers to random conditions", arguments: UInt64(1)...12)
    func agree(seed: UInt64) throws {
        var random = RandomFlows(seed: seed)
        let (store, flows) = Self.history(&random)
        let kept = flows.indices.filter { flows[$0].newest >= store.oldestSeconds }
        #expect(kept.count > 60 && kept.count < flows.count)
        var telling = 0
        for _ in 0..<40 {
            let expression = random.expression(depth: random.below(4))
            let expected = Set(kept.filter { flows[$0].matches(expression) }.map { UInt64($0 + 1) })
            if !expected.isEmpty, expected.count < kept.count { telling += 1 }
            let comment = "seed \(seed): \(expression.filterText)"
            try expectAnswers(store, expression, expected, comment)
            try expectAnswers(store, expression.normalized, expected, "\(comment), normalized")
            let (remote, rest) = expression.split()
            try expectAnswers(store, .all([remote.expression, rest]), expected, "\(comment), in two halves")
            let text = expression.filterText
            if text.utf8.count <= FlowExpression.maximumTextBytes {
                try expectAnswers(store, FlowExpression(parsing: text), expected, "\(comment), parsed")
            }
        }
        // Most conditions hold for some flows and not for others; the rest tell little.
        #expect(telling >= 20, "seed \(seed)")
    }

    private func expectAnswers(
        _ store: FlowStore, _ expression: FlowExpression, _ expected: Set<UInt64>, _ comment: String
    ) throws {
        let (now, range) = (time(180), range(before: 210))
        let list = try store.list(FlowListQuery(filter: expression, range: range), now: now)
        let found = Set(list.items.map(\.id))
        #expect(
            found == expected,
            "\(comment): surplus \(found.subtracting(expected)), missing \(expected.subtracting(found))")
        #expect(
            try store.history.count(FlowCountQuery(filter: expression, range: range), now: now)
                == expected.count, "\(comment)")
        let changes = store.changes(
            FlowChangesQuery(start: .secondsAgo(3_600), filter: expression, limit: 100_000), now: now)
        #expect(Set(changes.rows.map(\.flow.id)) == expected, "\(comment)")
    }

    @Test("have the same answers to every single condition on every flow", arguments: UInt64(1)...2)
    func agreeOnConditions(seed: UInt64) throws {
        var random = RandomFlows(seed: seed)
        let (store, flows) = Self.history(&random)
        let kept = flows.indices.filter { flows[$0].newest >= store.oldestSeconds }
        for kind in 0..<RandomFlows.conditionKinds {
            var held = 0
            for _ in 0..<24 {
                let condition = random.condition(kind)
                let expected = Set(kept.filter { flows[$0].matches(condition) }.map { UInt64($0 + 1) })
                held += expected.count
                let comment = "seed \(seed): \(condition.filterText)"
                try expectAnswers(store, condition, expected, comment)
                let others = Set(kept.map { UInt64($0 + 1) }).subtracting(expected)
                try expectAnswers(store, .not(condition), others, "not \(comment)")
            }
            #expect(held > 0, "seed \(seed): no condition of kind \(kind) ever held")
        }
    }
}

/// Flows and conditions of the same few values, so that conditions often hold.
private struct RandomFlows {
    private var random: SplitMix

    init(seed: UInt64) { random = SplitMix(state: seed) }

    mutating func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    private mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    private mutating func maybe<Value>(_ value: Value) -> Value? { below(2) == 0 ? value : nil }

    // MARK: - Flows

    /// Shown networks and namespaces, equal characters of different bytes, parts of each other.
    private static let words = [
        "web", "web-*", "we", "b", "shop", "pub", "pvt", "PUBLIC NETWORK", "Global", "-", "", "é", "e\u{301}",
    ]
    private static let numbers: [Int64] = [0, 53, 80, 443, 8_080, 65_535, -1, .min, .max]
    private static let labelKeys = ["app", "ap", "k8s.io/name", "é", ""]
    private static let addressTexts = [
        "10.0.0.7", "10.1.0.7", "192.0.2.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1",
        "2001:db8::2", "2001:db9::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ]
    private static let blockTexts = [
        "10.0.0.7/32", "10.0.0.0/8", "10.0.0.0/15", "10.1.0.0/16", "0.0.0.0/0", "::/0", "2001:db8::/32",
        "2001:db8::/31", "2001:db8::1/128", "ffff::/16", "255.255.255.254/31",
    ]
    private static let knownAddresses = addressTexts.compactMap { IPAddress($0) }
    private static let blocks = blockTexts.compactMap { try? IPPrefix.parse($0, .strict) }

    private mutating func end() -> FlowEndpoint {
        FlowEndpoint(
            type: pick(FlowEndpointType.allCases), name: pick(Self.words), namespace: pick(Self.words))
    }

    private mutating func hits() -> [FlowHit] {
        (0..<below(4)).map { index in
            let trigger = FlowTrigger(
                kind: pick(FlowPolicyKind.allCases), namespace: pick(Self.words), name: pick(Self.words),
                tier: pick(Self.words))
            return FlowHit(
                kind: pick(FlowPolicyKind.allCases), namespace: pick(Self.words), name: pick(Self.words),
                tier: pick(Self.words), action: pick(FlowAction.allCases), policyIndex: Int64(index),
                ruleIndex: pick([-1, 0, 3]), trigger: maybe(trigger))
        }
    }

    mutating func key() -> FlowKey {
        FlowKey(
            source: end(), destination: end(), destinationPort: pick(Self.numbers),
            service: FlowService(
                name: pick(Self.words), namespace: pick(Self.words), portName: pick(Self.words),
                port: pick(Self.numbers)),
            transport: pick(["tcp", "udp", "132", "TCP", "web"]), reporter: pick(FlowReporter.allCases),
            action: pick(FlowAction.allCases), trace: FlowTrace(enforced: hits(), pending: hits()))
    }

    /// In any order, with keys twice, and some that have no value.
    mutating func labels() -> [String] {
        (0..<below(4)).map { _ in
            pick(Self.labelKeys) + (below(8) == 0 ? "" : "=\(pick(Self.words))")
        }
    }

    mutating func addresses() -> FlowAddresses? {
        maybe(FlowAddresses(source: pick(Self.knownAddresses), destination: pick(Self.knownAddresses)))
    }

    // MARK: - Conditions

    mutating func expression(depth: Int) -> FlowExpression {
        guard depth > 0 else { return condition(below(Self.conditionKinds)) }
        switch below(5) {
        case 0: return .not(expression(depth: depth - 1))
        case 1: return .all((0..<below(4)).map { _ in expression(depth: depth - 1) })
        case 2, 3: return .any((0..<below(4)).map { _ in expression(depth: depth - 1) })
        default: return condition(below(Self.conditionKinds))
        }
    }

    static let conditionKinds = 10

    mutating func condition(_ kind: Int) -> FlowExpression {
        switch kind {
        case 0: return .text(pick(FlowTextField.allCases), match())
        case 1: return .number(pick(FlowNumberField.allCases), range())
        case 2: return .endpointType(pick(FlowEnd.allCases), pick(FlowEndpointType.allCases))
        case 3: return .action(pick(FlowAction.allCases))
        case 4: return .pendingAction(pick(FlowAction.allCases))
        case 5: return .reporter(pick(FlowReporter.allCases))
        case 6: return .policy(policy())
        case 7: return .label(pick(FlowEnd.allCases), key: pick(Self.labelKeys), maybe(match()))
        case 8: return .address(pick(FlowEnd.allCases), pick(Self.blocks))
        default: return pick([.always, .any([]), .all([])])
        }
    }

    private mutating func match() -> FlowTextMatch {
        FlowTextMatch(
            pick(FlowTextMatch.Kind.allCases),
            pick(Self.words + ["tcp", "e", "PRIVATE NETWORK", "NETWORK", "\u{301}"]))
    }

    private mutating func range() -> ClosedRange<Int64> {
        let (one, other) = (pick(Self.numbers), pick(Self.numbers))
        return below(3) == 0 ? one...one : min(one, other)...max(one, other)
    }

    /// Few parts at a time: more seldom hold together.
    private mutating func policy() -> FlowPolicyCondition {
        var condition = FlowPolicyCondition()
        for _ in 0..<below(3) {
            switch below(7) {
            case 0: condition.stage = pick(FlowPolicyCondition.Stage.allCases)
            case 1: condition.kind = pick(FlowPolicyKind.allCases)
            case 2: condition.tier = match()
            case 3: condition.namespace = match()
            case 4: condition.name = match()
            case 5: condition.action = pick(FlowAction.allCases)
            default: condition.ruleIndex = pick([-1, 0, 3, 7])
            }
        }
        return condition
    }
}
