// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// What a set of a compiled rule stands for.
public enum SetDefinition: Hashable, Sendable {
    /// Addresses of everything whose labels match.
    case selector(Selector)
    /// Addresses of a Service's endpoints.
    case serviceAddresses(ResourceName)
    /// Address, protocol and port of a Service's endpoints.
    case servicePlaces(ResourceName)
    /// Address, protocol and port of every endpoint that matches and declares one of the port names.
    case namedPorts([String], transport: IPProtocol?, selector: Selector?)
}

/// Who an address belongs to, as far as selectors are concerned.
public enum AddressOwner: Hashable, Sendable {
    case workload(WorkloadEndpoint)
    case host(HostEndpoint)
    case networkSet(NetworkSetResource, labels: Labels)

    public var labels: Labels {
        switch self {
        case .workload(let endpoint): endpoint.labels
        case .host(let endpoint): endpoint.labels
        case .networkSet(_, let labels): labels
        }
    }
}

/// The compiled rules, for those who explain or analyse them. Set and chain numbers are only good for the snapshot
/// that gave them.
extension PolicySnapshot {
    // MARK: Lists

    /// Converted policies in order of evaluation: by tier, then by order within it.
    public var policies: [Policy] { tables.order.compactMap { tables.policies[Int($0)]?.policy } }

    /// The converted policy; nil for one that is not known or takes no part in evaluation.
    public func policy(_ id: PolicyID) -> Policy? { policies.first { $0.id == id } }

    /// Workloads by name.
    public var endpoints: [WorkloadEndpoint] {
        tables.endpoints.order.compactMap { tables.endpoints.workloads[Int($0)]?.endpoint }
    }

    public var endpointCount: Int { tables.endpoints.order.count }

    /// By name.
    public var hostEndpoints: [HostEndpoint] {
        tables.endpoints.hosts.compactMap { $0?.endpoint }.sorted { $0.resource.name < $1.resource.name }
    }

    /// How many workloads each policy selects.
    public var endpointCounts: [PolicyID: Int] {
        var counts: [PolicyID: Int] = [:]
        for number in tables.endpoints.classOf where number >= 0 {
            for policy in tables.classes[Int(number)]?.key.policies ?? [] {
                if let id = tables.policies[Int(policy)]?.policy.id { counts[id, default: 0] += 1 }
            }
        }
        return counts
    }

    // MARK: Endpoints

    /// The endpoint that owns the address; nil for anything that is not a workload.
    public func endpoint(at address: IPAddress) -> WorkloadEndpoint? {
        tables.endpoints.workload(at: address).flatMap { tables.endpoints.workloads[$0]?.endpoint }
    }

    /// Index into `endpoints` of the workload that owns the address.
    public func endpointIndex(at address: IPAddress) -> Int? {
        endpoint(at: address).map { tables.endpoints.rank(of: $0.name) }
    }

    /// Everything that an address belongs to: workloads, host endpoints, then network sets, each by name.
    public func owners(of address: IPAddress) -> [AddressOwner] {
        var workloads: [Int32] = []
        var hosts: [Int32] = []
        switch tables.endpoints.byAddress[address] {
        case .workload(let number)?: workloads = [number]
        case .host(let number)?: hosts = [number]
        case .shared(let several, let others)?: (workloads, hosts) = (several, others)
        case nil: break
        }
        var networkSets: [NetworkSetEntry] = []
        tables.endpoints.byBlock.forEachMatch(address) { numbers in
            networkSets += numbers.compactMap { tables.endpoints.networkSets[Int($0)] }
        }
        var seen: Set<ResourceName> = []
        return workloads.compactMap { tables.endpoints.workloads[Int($0)].map { .workload($0.endpoint) } }
            + hosts.compactMap { tables.endpoints.hosts[Int($0)]?.endpoint }
            .sorted { $0.resource.name < $1.resource.name }.map { .host($0) }
            + networkSets.sorted { $0.resource.name < $1.resource.name }
            .filter { seen.insert($0.resource.name).inserted }
            .map { .networkSet($0.resource, labels: tables.labelSets[$0.labelSet]) }
    }

    // MARK: Rules

    /// The walk of an endpoint (an index into `endpoints`), with staged policies in their places or without.
    public func walk(
        ofEndpoint index: Int, _ direction: Direction, includingStaged: Bool
    ) -> DirectionProgram {
        guard let walk = tables.classes[classNumber(ofEndpoint: index)] else {
            return DirectionProgram(tiers: [], profiles: [])
        }
        return tables.program(of: walk, direction, includingStaged: includingStaged)
    }

    /// Two endpoints with the same number have the same walks in both directions, staged policies included.
    public func classNumber(ofEndpoint index: Int) -> Int {
        Int(tables.endpoints.classOf[Int(tables.endpoints.order[index])])
    }

    public func chain(_ number: Int) -> EnforcementChain { tables.chain(number) }

    /// Whether the first packet of a connection, after destination NAT, matches a compiled rule.
    public func matches(_ match: RuleMatch, _ tuple: ConnectionTuple) -> Bool { match.matches(tuple, tables) }

    /// Whether the address criteria of a side hold: blocks and sets of addresses, not ports and sets of places.
    public func addressMatches(_ side: SideMatch, _ address: IPAddress) -> Bool {
        side.addressMatches(address, tables)
    }

    /// Every block that can make a difference between two addresses: of rules, network sets, endpoints and Services.
    /// Sorted, without duplicates. Two addresses of one family that are in the same of these blocks are the same to
    /// every rule.
    public var distinguishingBlocks: [IPPrefix] {
        var blocks: Set<IPPrefix> = []
        func add(_ rules: [EnforcementRule]) {
            for rule in rules {
                for side in [rule.match.source, rule.match.destination] {
                    blocks.formUnion(side.nets)
                    blocks.formUnion(side.notNets)
                }
            }
        }
        for policy in tables.policies { policy.map { add($0.ingress + $0.egress) } }
        for profile in tables.profiles { profile.map { add($0.ingress + $0.egress) } }
        blocks.formUnion(tables.endpoints.byAddress.keys.map { IPPrefix($0) })
        for entry in tables.endpoints.networkSets { blocks.formUnion(entry?.resource.nets ?? []) }
        for service in tables.services.values { blocks.formUnion(service.addresses.map { IPPrefix($0) }) }
        return blocks.sorted()
    }

    // MARK: Sets

    /// What the set with the number stands for; the number must come from a rule of this snapshot.
    public func definition(ofSet number: Int) -> SetDefinition {
        guard let entry = tables.sets[number] else { preconditionFailure("no set has the number \(number)") }
        return entry.definition
    }

    /// For sets of addresses; false for sets of places.
    public func isMember(_ address: IPAddress, ofSet number: Int) -> Bool {
        tables.isMember(address, ofSet: number)
    }

    /// For sets of places; false for sets of addresses.
    public func isMember(_ place: AddressPort, ofSet number: Int) -> Bool {
        tables.isMember(place, ofSet: number)
    }

    /// The members of a set of places at one address, sorted.
    public func places(at address: IPAddress, ofSet number: Int) -> [AddressPort] {
        tables.places(at: address, ofSet: number).sortedUnique()
    }
}

extension CompiledTables {
    /// The chains of a walk. Those of policies have the numbers 0, 1 (ingress and egress of the first policy), 2, 3, …;
    /// those of profiles follow.
    func program(of walk: EndpointWalk, _ direction: Direction, includingStaged: Bool) -> DirectionProgram {
        let offset = direction == .ingress ? 0 : 1
        var tiers: [EnforcementTier] = []
        for tier in walk.direction(direction).tiers where includingStaged || tier.enforcedTrigger >= 0 {
            let members = tier.policies.filter { number in
                includingStaged || !(policies[Int(number)]?.policy.id.kind.isStaged ?? true)
            }
            let trigger = includingStaged ? tier.pendingTrigger : tier.enforcedTrigger
            guard let named = policies[Int(trigger)]?.policy.id else { continue }
            tiers.append(
                EnforcementTier(
                    name: tier.name, chains: members.map { Int($0) * 2 + offset },
                    endAction: tier.passesAtEnd ? .pass : .deny, endTrigger: named))
        }
        return DirectionProgram(
            tiers: tiers, profiles: walk.key.profiles.map { (policies.count + Int($0)) * 2 + offset })
    }

    func chain(_ number: Int) -> EnforcementChain {
        let direction = number % 2 == 0 ? Direction.ingress : .egress
        if number / 2 < policies.count, let compiled = policies[number / 2] {
            return EnforcementChain(
                owner: .policy(compiled.policy.id, tier: compiled.policy.tier), direction: direction,
                rules: compiled.rules(direction))
        }
        let profile =
            profiles.indices.contains(number / 2 - policies.count)
            ? profiles[number / 2 - policies.count] : nil
        return EnforcementChain(
            owner: .profile(profile?.name ?? ""), direction: direction, rules: profile?.rules(direction) ?? []
        )
    }
}
