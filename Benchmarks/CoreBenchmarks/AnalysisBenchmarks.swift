// SPDX-License-Identifier: Apache-2.0

import PolicyAnalysis
import PolicyEngine
import PolicyModel

/// Questions about all pairs at once.
enum AnalysisBenchmarks {
    static let names = [
        "matrix, all pairs of 800 pods x 12 ports, 240 policies",
        "difference, same world, one policy changed",
        "lint, same world", "matrix by single verdicts, same world",
    ]

    static func run() {
        guard names.contains(where: Measurement.isWanted) else { return }
        let state = World.matrix()
        let snapshot = PolicySnapshot(state, generation: 1)
        var changed = state
        if var resource = state.policies.values.min(by: { $0.id.tieBreak < $1.id.tieBreak }),
            case .calico(var policy) = resource.form
        {
            policy.ingress.removeLast()
            resource.form = .calico(policy)
            changed.apply(.set(.policy(resource)))
        }
        let other = PolicySnapshot(changed, generation: 2)
        Measurement.report(names[0], count: 1) { consume(try? ReachabilityMatrix(snapshot)) }
        Measurement.report(names[1], count: 1) { consume(try? PolicyDifference(from: snapshot, to: other)) }
        Measurement.report(names[2], count: 1) { consume(try? PolicyLint(snapshot)) }
        guard !Measurement.countsInstructions else { return }
        singleVerdicts(snapshot)
    }

    /// What the matrix would cost without sets: every pair and port, both ends.
    private static func singleVerdicts(_ snapshot: PolicySnapshot) {
        var evaluator = PolicyEvaluator(snapshot)
        Measurement.report(names[3], count: 1) {
            for source in 0..<800 {
                for destination in 0..<800 {
                    for port in 0..<12 {
                        let tuple = World.connection(source, destination, port: UInt16(8_000 + port))
                        for direction in Direction.allCases { consume(evaluator.decide(tuple, direction)) }
                    }
                }
            }
        }
    }
}
