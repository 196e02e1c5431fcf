// SPDX-License-Identifier: Apache-2.0
//
// NftablesDataplane: enforcement programs as nftables rules, Services as destination NAT, and what the kernel
// reports about both as events.
//
// What must not live here: policies as people write them, selectors, flows, anything about Kubernetes,
// logging. The compiled program decides everything; this target says it in the kernel's words.
//
// Ruleset (typed tables) < Compiler (program -> table) and Encoding (table -> netlink or text) < Programming
// (differences, transactions) < NftablesDataplane, Services. Events stand beside them and share Decisions.

public import LinuxKernel
internal import NetworkModel
public import PolicyEngine
internal import Synchronization

/// Enforces programs with one nftables table of the network namespace in which it was opened.
///
/// Rules stay in the kernel when the process ends, whichever way, and the next process replaces them in one
/// transaction: established connections pass all the time, new ones meet the old rules or the new ones.
/// Call `apply` for one program at a time.
public final class NftablesDataplane: PolicyEnforcer {
    /// As given to the initialiser, but without `kernelLogPrefix` where the kernel cannot log
    /// (nf_log_syslog): better no line for Log rules than no rules at all.
    public let configuration: NftablesConfiguration
    /// Explains log prefixes; give it to the event source.
    public let decisions: DecisionRegistry
    private let state: Mutex<State>

    private struct State {
        var programmer: NftTableProgrammer
        /// Generation of what is in force.
        var generation: UInt64 = 0
    }

    /// For the calling thread's network namespace.
    public convenience init(
        configuration: NftablesConfiguration = NftablesConfiguration()
    ) throws(KernelError) {
        try self.init(
            configuration: configuration,
            decisions: DecisionRegistry(retainedGenerations: configuration.retainedGenerations))
    }

    init(configuration: NftablesConfiguration, decisions: DecisionRegistry) throws(KernelError) {
        self.decisions = decisions
        let programmer = NftTableProgrammer(
            tableName: configuration.tableName, instance: decisions.instance,
            socket: try NetlinkSocket.open(.netfilter, receiveBufferBytes: 4 << 20))
        var configuration = configuration
        if let prefix = configuration.kernelLogPrefix, !programmer.accepts([.logToKernel(prefix: prefix)]) {
            configuration.kernelLogPrefix = nil
        }
        self.configuration = configuration
        state = Mutex(State(programmer: programmer))
    }

    /// For the given namespace; callable from any thread.
    public static func open(
        in namespace: NetworkNamespace, configuration: NftablesConfiguration = NftablesConfiguration()
    ) throws -> NftablesDataplane {
        try namespace.perform { try NftablesDataplane(configuration: configuration) }
    }

    /// Makes the program effective in one transaction, changing only what differs from the program before.
    ///
    /// Throws `NftablesError` and changes nothing when the kernel refuses. The first call, and a call that
    /// finds the table changed by somebody else, replaces the whole table.
    @discardableResult
    public func apply(_ program: EnforcementProgram) async throws -> EnforcementReport {
        try await BlockingWork.run("nft-apply") { try self.applyNow(program) }
    }

    /// Replaces the table by what was applied last, whatever became of it meanwhile; nil when nothing was
    /// applied.
    @discardableResult
    public func resync() async throws -> EnforcementReport? {
        try await BlockingWork.run("nft-resync") {
            try self.state.withLock { state in
                guard let table = state.programmer.current else { return nil }
                let delta = try state.programmer.replace(with: table)
                return EnforcementReport(delta, generation: state.generation)
            }
        }
    }

    /// Deletes the table: nothing is enforced any more.
    public func remove() async throws {
        try await BlockingWork.run("nft-remove") {
            try self.state.withLock { try $0.programmer.remove() }
        }
    }

    /// What is in force, in nft's language; empty when nothing was applied. For support.
    public func rulesText() -> String {
        guard let table = currentTable else { return "" }
        return NftTextRenderer(instance: decisions.instance).render(table)
    }

    /// What is in force as far as we know.
    var currentTable: NftTable? { state.withLock { $0.programmer.current } }

    /// Blocks: compiles, compares, sends, waits for the kernel.
    func applyNow(_ program: EnforcementProgram) throws(NftablesError) -> EnforcementReport {
        let table = NftablesCompiler(configuration: configuration).compile(program)
        return try applyNow(table, generation: program.generation)
    }

    /// The second half of `applyNow`, for tables that no program compiles to.
    func applyNow(_ table: NftTable, generation: UInt64) throws(NftablesError) -> EnforcementReport {
        let result = state.withLock { state -> Result<EnforcementReport, NftablesError> in
            do throws(NftablesError) {
                var table = table
                // Before the rules are there: their first event may arrive at once.
                decisions.identify(&table, generation: generation, previous: state.programmer.current)
                let delta = try state.programmer.program(table)
                decisions.retire(keeping: table)
                state.generation = generation
                return .success(EnforcementReport(delta, generation: generation))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

extension EnforcementReport {
    init(_ delta: NftDelta, generation: UInt64) {
        self.init(
            generation: generation, chainsChanged: delta.chainsChanged, setsChanged: delta.setsChanged,
            elementsChanged: delta.elementsChanged)
    }
}
