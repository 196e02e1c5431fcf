// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import NetworkModel
public import PolicyEngine
internal import Synchronization

/// A data plane without a kernel, for machines where the lab has no privileges: the same workloads as virtual
/// connection attempts, decided by the engine instead of by nftables.
///
/// Silent until a program has been applied, as workloads start only when policy is in force.
public final class SimulatedDataplane: PolicyEnforcer, PacketEventSource {
    /// How long a change of the snapshot may go unnoticed.
    private static let longestSleepNanoseconds: Int64 = 100_000_000

    private struct State {
        var simulation: WorkloadSimulation
        var generation: UInt64 = 0
    }

    private let state: Mutex<State>
    private let hosts: [InternetHost]
    private let verdict: SimulatedVerdict
    private let now: @Sendable () -> Timestamp
    private let sleep: @Sendable (Duration) async throws -> Void

    /// `verdict` is asked about every attempt, and must decide by the program that was applied last.
    public init(
        hosts: [InternetHost] = InternetHost.shop, seed: UInt64 = 1, verdict: @escaping SimulatedVerdict,
        now: @escaping @Sendable () -> Timestamp = { LabTime.now },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.hosts = hosts
        self.verdict = verdict
        self.now = now
        self.sleep = sleep
        state = Mutex(State(simulation: WorkloadSimulation(seed: seed)))
    }

    /// Runs what the snapshot says from now on.
    public func update(_ snapshot: LabSnapshot) {
        let moment = now()
        state.withLock { $0.simulation.update(snapshot, hosts: hosts, now: moment) }
    }

    public func apply(_ program: EnforcementProgram) async throws -> EnforcementReport {
        state.withLock { $0.generation = program.generation }
        return EnforcementReport(
            generation: program.generation, chainsChanged: program.chains.count,
            setsChanged: program.sets.count)
    }

    /// Pulled by the consumer: a slow one gets the same events later, and none is lost.
    public func batches() -> AsyncStream<KernelEventBatch> {
        AsyncStream { await self.nextBatch() }
    }

    private func nextBatch() async -> KernelEventBatch? {
        while !Task.isCancelled {
            let moment = now()
            let (events, wait) = state.withLock { state -> ([KernelEvent], Int64) in
                guard state.generation > 0 else { return ([], Self.longestSleepNanoseconds) }
                let events = state.simulation.advance(
                    to: moment, generation: state.generation, verdict: verdict)
                let due = state.simulation.nextDue?.nanoseconds(since: moment) ?? Self.longestSleepNanoseconds
                return (events, min(max(due, 1_000_000), Self.longestSleepNanoseconds))
            }
            if !events.isEmpty { return KernelEventBatch(events: events) }
            do {
                try await sleep(.nanoseconds(wait))
            } catch {
                return nil
            }
        }
        return nil
    }
}
