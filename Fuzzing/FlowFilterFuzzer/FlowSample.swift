// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel

/// A flow to ask conditions of.
struct FlowSample: CustomStringConvertible {
    let key: FlowKey
    let labels: [String]
    let addresses: [FlowAddresses]

    func matches(_ expression: FlowExpression) -> Bool {
        expression.matches(key, sourceLabels: labels, destinationLabels: labels, addresses: addresses)
    }

    var description: String { "\(key) \(labels) \(addresses)" }

    /// Fixed flows, and some made of what the filter asks for, so that its conditions have a chance to hold.
    static func all(for expression: FlowExpression) -> [FlowSample] {
        let wanted = Wanted(expression)
        return fixed + (0..<6).map { FlowSample(wanted, sample: $0) }
    }

    private static let fixed = [
        FlowSample(
            key: FlowKey(
                source: FlowEndpoint(type: .workload, name: "web-5c9f7d8b6d-*", namespace: "shop"),
                destination: .publicNetwork, destinationPort: 443, transport: "tcp", reporter: .source,
                action: .deny,
                trace: FlowTrace(
                    enforced: [
                        FlowHit(
                            kind: .endOfTier, namespace: "", name: "", tier: "default", action: .deny,
                            policyIndex: 0, ruleIndex: -1)
                    ], pending: [])),
            labels: ["app=web", "tier="], addresses: []),
        FlowSample(
            key: FlowKey(
                source: FlowEndpoint(type: .host, name: "node-1", namespace: "Global"),
                destination: FlowEndpoint(type: .workload, name: "db-0", namespace: "shop"),
                destinationPort: 5_432,
                service: FlowService(name: "db", namespace: "shop", portName: "sql", port: 5_432),
                transport: "udp", reporter: .destination, action: .allow,
                trace: FlowTrace(enforced: [], pending: [])),
            labels: [],
            addresses: [
                FlowAddresses(source: IPAddress(v4: 0x0a00_0007), destination: IPAddress(bits: 1))
            ]),
    ]
}

extension FlowSample {
    /// Gives every field one of the filter's own values, something near one, or nothing.
    private init(_ wanted: Wanted, sample: Int) {
        var turn = sample
        func text() -> String {
            guard !wanted.texts.isEmpty else { return "" }
            turn += 1 + sample
            let value = wanted.texts[turn % wanted.texts.count]
            return turn % 3 == 0 ? value + "x" : value
        }
        func pick<Value>(_ values: [Value], _ none: Value) -> Value {
            turn += 1
            return values.isEmpty ? none : values[turn % values.count]
        }
        func end() -> FlowEndpoint {
            FlowEndpoint(
                type: pick(FlowEndpointType.allCases, .host), name: text(), namespace: text())
        }
        func hit() -> FlowHit {
            FlowHit(
                kind: pick(FlowPolicyKind.allCases, .profile), namespace: text(), name: text(), tier: text(),
                action: pick(FlowAction.allCases, .deny), policyIndex: 0,
                ruleIndex: pick(wanted.numbers, 0))
        }
        key = FlowKey(
            source: end(), destination: end(), destinationPort: pick(wanted.numbers, 1),
            service: FlowService(
                name: text(), namespace: text(), portName: text(), port: pick(wanted.numbers, 1)),
            transport: text(), reporter: pick(FlowReporter.allCases, .source),
            action: pick(FlowAction.allCases, .allow),
            trace: FlowTrace(enforced: [hit(), hit()], pending: [hit()]))
        labels = wanted.keys.prefix(8).map { "\($0)=\(text())" }
        let (source, destination) = (pick(wanted.addresses, nil), pick(wanted.addresses, nil))
        addresses =
            if let source, let destination { [FlowAddresses(source: source, destination: destination)] } else
            {
                []
            }
    }
}

/// The values that a filter compares with.
private struct Wanted {
    private(set) var texts: [String] = []
    private(set) var numbers: [Int64] = []
    private(set) var keys: [String] = []
    private(set) var addresses: [IPAddress?] = []

    init(_ expression: FlowExpression) { add(expression) }

    private mutating func add(_ expression: FlowExpression) {
        switch expression {
        case .always, .endpointType, .action, .pendingAction, .reporter: break
        case .not(let inner): add(inner)
        case .all(let parts), .any(let parts): for part in parts { add(part) }
        case .text(_, let match): texts.append(match.value)
        case .number(_, let range): numbers += [range.lowerBound, range.upperBound]
        case .policy(let condition):
            texts += [condition.tier, condition.namespace, condition.name].compactMap { $0?.value }
            numbers += [condition.ruleIndex].compactMap { $0 }
        case .label(_, let key, let match):
            keys.append(key)
            texts += [match].compactMap { $0?.value }
        case .address(_, let block): addresses += [block.address, block.lastAddress]
        }
    }
}
