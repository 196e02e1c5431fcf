// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Knows what every log prefix means that this data plane has ever put into the kernel, as far back as the
/// bounds go.
///
/// Events arrive after the rules that sent them have been replaced, so replaced generations are kept: the
/// last `retainedGenerations` of each chain, and the last `retainedChains` chains that are gone. What is
/// forgotten early is counted. Callable from any thread.
public final class DecisionRegistry: Sendable {
    /// Random; tells this object's prefixes from those of other processes.
    let instance: UInt32
    private let retainedGenerations: Int
    private let retainedChains: Int
    private let state = Mutex(State())

    private struct State {
        /// By chain number.
        var records: [UInt32: Record] = [:]
        var numberByName: [String: UInt32] = [:]
        var nextNumber: UInt32 = 1
        /// Numbers of chains that are gone, longest gone first.
        var retired: [UInt32] = []
        var forgottenForms: UInt64 = 0
    }

    private struct Record {
        let name: String
        /// Oldest first.
        var forms: [(generation: UInt64, outcomes: [LoggedOutcome?])] = []
        var isRetired = false
    }

    /// `instance` is for tests that want to know the prefixes beforehand.
    init(
        instance: UInt32 = .random(in: 1...UInt32.max), retainedGenerations: Int = 64,
        retainedChains: Int = 4096
    ) {
        self.instance = instance
        self.retainedGenerations = max(1, retainedGenerations)
        self.retainedChains = max(0, retainedChains)
    }

    /// Forms of chains that were forgotten because a bound was reached; events of theirs can no longer be
    /// explained.
    public var forgottenForms: UInt64 { state.withLock { $0.forgottenForms } }

    /// What the kernel's log prefix means; nil when it is not one of ours or has been forgotten.
    public func outcome(
        ofPrefix prefix: some Sequence<UInt8>
    ) -> (outcome: LoggedOutcome, generation: UInt64)? {
        guard let parsed = DecisionPrefix(prefix), parsed.instance == instance else { return nil }
        return state.withLock { state in
            // Almost always the newest form.
            guard
                let form = state.records[parsed.identity.chain]?.forms.last(where: {
                    $0.generation == parsed.identity.generation
                }), form.outcomes.indices.contains(parsed.position),
                let outcome = form.outcomes[parsed.position]
            else { return nil }
            return (outcome, form.generation)
        }
    }

    /// Gives every logging chain of `table` its identity: that of `previous` when the chain is unchanged,
    /// else a form of this generation. Must be called before the table reaches the kernel.
    func identify(_ table: inout NftTable, generation: UInt64, previous: NftTable?) {
        let known = Dictionary(
            (previous?.chains ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        state.withLock { state in
            for index in table.chains.indices where !table.chains[index].outcomes.isEmpty {
                let chain = table.chains[index]
                if let before = known[chain.name], before.hasSameContent(as: chain),
                    let identity = before.identity
                {
                    table.chains[index].identity = identity
                } else {
                    table.chains[index].identity = identify(chain, generation: generation, &state)
                }
            }
        }
    }

    /// Chains that are no longer in the kernel may be forgotten, the longest gone first.
    func retire(keeping table: NftTable) {
        let live = Set(table.chains.compactMap { $0.identity?.chain })
        state.withLock { state in
            let gone = state.records.filter { !live.contains($0.key) && !$0.value.isRetired }.keys.sorted()
            for number in gone { state.records[number]?.isRetired = true }
            state.retired += gone
            guard state.retired.count > retainedChains else { return }
            for number in state.retired.prefix(state.retired.count - retainedChains) {
                guard let record = state.records.removeValue(forKey: number) else { continue }
                state.numberByName[record.name] = nil
                state.forgottenForms += UInt64(record.forms.count)
            }
            state.retired.removeFirst(state.retired.count - retainedChains)
        }
    }

    private func identify(_ chain: NftChain, generation: UInt64, _ state: inout State) -> ChainIdentity {
        let number = state.numberByName[chain.name] ?? state.nextNumber
        var record = state.records[number] ?? Record(name: chain.name)
        if record.forms.isEmpty {
            state.numberByName[chain.name] = number
            state.nextNumber = max(state.nextNumber, number &+ 1)
        }
        if record.isRetired {
            record.isRetired = false
            state.retired.removeAll { $0 == number }
        }
        // A form of this very generation is one that the kernel refused, or a program that was applied twice.
        record.forms.removeAll { $0.generation == generation }
        record.forms.append((generation, chain.outcomes))
        if record.forms.count > retainedGenerations {
            record.forms.removeFirst()
            state.forgottenForms += 1
        }
        state.records[number] = record
        return ChainIdentity(chain: number, generation: generation)
    }
}
