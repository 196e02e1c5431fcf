// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A descriptor in a workload's loop with what happens when it is ready or its deadline passes.
class WorkloadEndpoint {
    /// How long a connection attempt, a lookup or a request may take.
    static let attemptNanoseconds: Int64 = 1_000_000_000

    let descriptor: Int32
    /// What to poll for: POLLIN, POLLOUT.
    var events = Int16(POLLIN)
    /// On the loop's clock.
    var deadlineNanoseconds = Int64.max
    /// False once the loop has removed it: the number may be another's by then.
    var isOpen = true

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Something may be read or written, or the peer is gone.
    func becomeReady(_ loop: WorkloadLoop) {}

    /// The deadline has passed. Must set a later one or remove the endpoint.
    func expire(_ loop: WorkloadLoop) { loop.remove(self) }
}

/// Says when a target stops and when it starts again to be reachable: one line per change, none in between.
final class WorkloadReports {
    /// Most targets remembered; later ones stay silent.
    private static let maximumTargets = 256

    private let write: (String) -> Void
    /// Reason by target; nil value: reachable.
    private var states: [String: String?] = [:]

    /// `write` takes one line without its end.
    init(_ write: @escaping (String) -> Void) { self.write = write }

    /// Notes the outcome of an attempt; `failure` nil means that it succeeded. `aspect` is the address, or
    /// what else of the target was tried.
    func note(_ target: String, _ aspect: String, _ failure: String?) {
        let key = "\(target) (\(aspect))"
        guard let before = states[key] else {
            guard states.count < Self.maximumTargets else { return }
            states[key] = .some(failure)
            if let failure { write("\(key) is unreachable: \(failure)") }
            return
        }
        guard (before == nil) != (failure == nil) else { return }
        states[key] = .some(failure)
        write(failure.map { "\(key) is unreachable: \($0)" } ?? "\(key) is reachable again")
    }
}
