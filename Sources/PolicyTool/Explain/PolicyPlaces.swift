// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// Where a policy and its rules stand in files.
struct PolicyPlaces {
    let origin: SourceLocation?
    private let lines: [Int]
    /// Position as written of each converted rule.
    private let sources: [Int]

    init(_ id: PolicyID, _ direction: Direction, _ cluster: ClusterState) {
        let resource = cluster.policies[id]
        origin = resource?.origin
        lines = resource?.ruleLines[direction] ?? []
        sources = resource?.converted()?.rules(direction).map(\.sourceIndex) ?? []
    }

    init(_ policy: Policy, _ direction: Direction, _ cluster: ClusterState) {
        let resource = cluster.policies[policy.id]
        origin = resource?.origin
        lines = resource?.ruleLines[direction] ?? []
        sources = policy.rules(direction).map(\.sourceIndex)
    }

    /// Line of the rule as written; nil when it is not known.
    func line(_ index: Int) -> Int? {
        guard sources.indices.contains(index), lines.indices.contains(sources[index]) else { return nil }
        let line = lines[sources[index]]
        return line > 0 ? line : nil
    }

    /// `shop.yaml:12`: the rule's own line, else that of its policy; nil when neither is known.
    func rule(_ index: Int) -> String? {
        guard let origin else { return nil }
        return "\(origin.file):\(line(index) ?? origin.line)"
    }
}
