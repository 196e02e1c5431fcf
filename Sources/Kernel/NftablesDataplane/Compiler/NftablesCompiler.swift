// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

/// Turns an enforcement program into a table. Pure: equal programs give equal tables, names included.
///
///     forward, -10 ─ established? ─ @workloads-egress ──goto──▶ tier-egress-… ──jump──▶ policy-egress-…
///     forward,  -5 ─ established? ─ @workloads-ingress ─goto──▶ tier-ingress-… ─goto──▶ next tier, profiles
///     input,   -10 ─ established? ─ NDP ─ @workloads-egress
///
/// `accept` ends a base chain only, so a packet that egress policy allows still meets ingress policy at the
/// later priority. Walks are made of one chain per tier, named by content, so endpoints share what they have
/// in common, down to single tiers. Processes of the node are not policed (policy semantics 3.5): there is no
/// output chain.
struct NftablesCompiler {
    /// Priority of egress policy: before the usual filter chains.
    static let egressPriority: Int32 = -10
    /// Priority of ingress policy: after egress policy, still before the usual filter chains.
    static let ingressPriority: Int32 = -5

    let configuration: NftablesConfiguration

    func compile(_ program: EnforcementProgram) -> NftTable {
        var walks = WalkCompiler(program: program, configuration: configuration)
        var heads: [Int: (ingress: String, egress: String)] = [:]
        var elements: (ingress: [NftElement], egress: [NftElement]) = ([], [])
        var interfaces: Set<String> = []
        for binding in program.bindings {
            // A name that no interface can have would match another one when cut to 16 bytes.
            guard (1...15).contains(binding.interface.utf8.count),
                interfaces.insert(binding.interface).inserted
            else { continue }
            let head: (ingress: String, egress: String)
            if let known = heads[binding.classIndex] {
                head = known
            } else {
                let endpointClass = program.classes[binding.classIndex]
                head = (
                    walks.head(endpointClass.ingress, .ingress), walks.head(endpointClass.egress, .egress)
                )
                heads[binding.classIndex] = head
            }
            elements.ingress.append(.interface(binding.interface, .goto(head.ingress)))
            elements.egress.append(.interface(binding.interface, .goto(head.egress)))
        }
        let dispatch = [
            dispatchMap(.egress, elements.egress), dispatchMap(.ingress, elements.ingress),
        ]
        let chains = walks.chains + [egressHook(), ingressHook(), inputHook()]
        return NftTable(
            name: configuration.tableName,
            sets: (walks.rules.sets.all + dispatch).sorted { $0.name < $1.name },
            chains: chains.sorted { $0.name < $1.name })
    }

    // MARK: Base chains

    private func dispatchMap(_ direction: Direction, _ elements: [NftElement]) -> NftSet {
        NftSet(
            name: Self.dispatchName(direction), kind: .interfaceVerdicts,
            comment: "workload interfaces to the first tier of their \(direction.word)",
            elements: elements.sorted())
    }

    private static func dispatchName(_ direction: Direction) -> String { "workloads-\(direction.word)" }

    private var isFromWorkload: NftStatement {
        .match(.inputInterface, .startsWith(configuration.workloadInterfacePrefix))
    }

    private var isToWorkload: NftStatement {
        .match(.outputInterface, .startsWith(configuration.workloadInterfacePrefix))
    }

    private func egressHook() -> NftChain {
        var chain = NftChain(
            name: "forward-egress",
            hook: NftHook(type: .filter, point: .forward, priority: Self.egressPriority),
            comment: "egress policy of forwarded traffic")
        chain.rules = [
            NftRule([.connectionState([.established, .related]), .verdict(.accept)]),
            NftRule([isFromWorkload, .connectionState(.invalid), .verdict(.drop)]),
        ]
        appendTunnelDrops(to: &chain)
        appendDispatch(to: &chain, .egress)
        return chain
    }

    private func ingressHook() -> NftChain {
        var chain = NftChain(
            name: "forward-ingress",
            hook: NftHook(type: .filter, point: .forward, priority: Self.ingressPriority),
            comment: "ingress policy of forwarded traffic")
        chain.rules = [
            NftRule([.connectionState([.established, .related]), .verdict(.accept)]),
            NftRule([isToWorkload, .connectionState(.invalid), .verdict(.drop)]),
        ]
        appendDispatch(to: &chain, .ingress)
        return chain
    }

    private func inputHook() -> NftChain {
        var chain = NftChain(
            name: "input", hook: NftHook(type: .filter, point: .input, priority: Self.egressPriority),
            comment: "egress policy of traffic to the node itself")
        chain.rules = [NftRule([.connectionState([.established, .related]), .verdict(.accept)])]
        // Multicast listener and neighbour discovery (policy semantics 3.5): all of 130 to 136 but 134, which
        // would let a workload advertise itself as a router.
        for types in [KeyRange(first: 130, last: 133), KeyRange(first: 135, last: 136)] {
            chain.rules.append(
                NftRule([
                    isFromWorkload, .match(.family, .equals(NftField.number(of: .v6))),
                    .match(.transport, .equals(58)), .match(.icmpType(.v6), .within(types)),
                    .verdict(.accept),
                ]))
        }
        chain.rules.append(NftRule([isFromWorkload, .connectionState(.invalid), .verdict(.drop)]))
        appendTunnelDrops(to: &chain)
        appendDispatch(to: &chain, .egress)
        return chain
    }

    /// Always dropped from workloads (policy semantics 3.4): they could pose as another node.
    private func appendTunnelDrops(to chain: inout NftChain) {
        let position = chain.outcomes.count
        chain.outcomes.append(.tunnelFromWorkload)
        let ending: [NftStatement] = [
            .logIdentity(group: configuration.egressLogGroup, position: position), .verdict(.drop),
        ]
        let vxlan: [NftStatement] = [
            isFromWorkload, .match(.transport, .equals(17)),
            .match(.destinationPort, .equals(UInt128(configuration.vxlanPort))),
        ]
        chain.rules.append(NftRule(vxlan + ending))
        chain.rules.append(NftRule([isFromWorkload, .match(.transport, .equals(4))] + ending))
    }

    private func appendDispatch(to chain: inout NftChain, _ direction: Direction) {
        let field = direction == .egress ? NftField.inputInterface : .outputInterface
        chain.rules.append(NftRule([.verdictMap([field], map: Self.dispatchName(direction))]))
        let position = chain.outcomes.count
        chain.outcomes.append(.unknownWorkload(direction))
        chain.rules.append(
            NftRule([
                direction == .egress ? isFromWorkload : isToWorkload,
                .logIdentity(group: configuration.logGroup(direction), position: position), .verdict(.drop),
            ]))
    }
}

extension Direction {
    /// `ingress` or `egress`: how names and comments say it.
    var word: String { self == .ingress ? "ingress" : "egress" }
}
