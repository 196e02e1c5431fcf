// SPDX-License-Identifier: Apache-2.0

internal import PolicyEngine
internal import PolicyModel

/// Consecutive rules of a policy that fail for the same kind of reason: the first is shown, the others are counted.
struct RuleRun {
    var shown: [ExplainedRule]
    var folded = 0
    let mark: String
    /// `that want another protocol`.
    let reason: String
    private let key: Key?

    /// What folded rules have in common. Rules that miss by one thing only are kept apart: they are the ones that a
    /// person may want to change.
    private enum Key: Equatable {
        case failed(topic: String, isNearMiss: Bool)
        case notReached
    }

    private init(_ rule: ExplainedRule) {
        shown = [rule]
        switch rule.result {
        case .failed(let clauses):
            let topic = clauses.first.map(ClauseWording.topic) ?? ""
            key = .failed(topic: topic, isNearMiss: clauses.count == 1)
            reason = "that \(topic)"
            mark = "✗"
        case .notReached:
            key = .notReached
            reason = "not reached"
            mark = "–"
        case .matched, .unknown:
            key = nil
            reason = ""
            mark = ""
        }
    }

    static func runs(of rules: [ExplainedRule], isFull: Bool) -> [RuleRun] {
        var runs: [RuleRun] = []
        for rule in rules {
            let next = RuleRun(rule)
            if !isFull, let key = next.key, let last = runs.last, last.key == key {
                runs[runs.count - 1].shown.append(rule)
            } else {
                runs.append(next)
            }
        }
        return isFull ? runs : runs.map(\.afterFolding)
    }

    /// Rules that were not reached are only counted; of failed ones the first is shown, and a second if it is the last.
    private var afterFolding: RuleRun {
        var run = self
        switch key {
        case .notReached:
            run.folded = shown.count
            run.shown = []
        case .failed where shown.count > 2:
            run.folded = shown.count - 1
            run.shown = [shown[0]]
        case .failed, nil: break
        }
        return run
    }
}
