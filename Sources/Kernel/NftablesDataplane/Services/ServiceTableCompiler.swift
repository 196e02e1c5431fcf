// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine

/// Turns Services into a table of destination NAT. Pure.
///
///     prerouting, output: refuse, -150 ─ @refused-4 ──▶ tcp reset, else port unreachable
///     prerouting, output: nat,    -100 ─ @services-4 ──goto──▶ service-… ─ random backend of @backends-4-…
///
/// Refusing happens before routing, so that it works for addresses to which there is no route. Only a
/// connection's first packet meets the nat chains.
struct ServiceTableCompiler {
    let tableName: String

    func compile(_ services: [ServiceTranslation]) -> NftTable {
        var parts = Parts()
        for service in services where parts.fronts.insert(service.front).inserted { parts.add(service) }
        for family in IPFamily.allCases {
            parts.sets.append(
                NftSet(
                    name: Self.servicesName(family), kind: .addressPortVerdicts(family),
                    comment: "Services with backends", elements: (parts.verdicts[family] ?? []).sorted()))
            parts.sets.append(
                NftSet(
                    name: Self.refusedName(family), kind: .addressPorts(family),
                    comment: "Services without backends", elements: (parts.refused[family] ?? []).sorted()))
        }
        for point in [NftHook.Point.prerouting, .output] {
            parts.chains.append(natChain(point))
            parts.chains.append(refusingChain(point))
        }
        parts.chains.append(trackingChain())
        return NftTable(
            name: tableName, sets: parts.sets.sorted { $0.name < $1.name },
            chains: parts.chains.sorted { $0.name < $1.name })
    }

    // MARK: Services

    private struct Parts {
        var fronts: Set<AddressPort> = []
        var names = ObjectNames()
        var chains: [NftChain] = []
        var sets: [NftSet] = []
        var verdicts: [IPFamily: [NftElement]] = [:]
        var refused: [IPFamily: [NftElement]] = [:]

        mutating func add(_ service: ServiceTranslation) {
            let family = service.front.address.family
            let backends = service.backends.filter { $0.address.family == family }
            guard !backends.isEmpty else {
                refused[family, default: []].append(.addressPort(service.front))
                return
            }
            let front = "\(service.front.transport.rawValue) \(service.front.address) \(service.front.port)"
            let chainName = names.name("service-", for: front).name
            let map = backendMap(backends, family)
            let subject = "\(service.front.transport.flowName) port \(service.front.port)"
            var chain = NftChain(
                name: chainName, comment: ObjectNames.comment("Service \(service.service), \(subject)"))
            chain.rules = [
                // The kernel wants the protocol tested before it rewrites ports.
                NftRule([
                    .match(.transport, .equals(UInt128(service.front.transport.rawValue))),
                    .translateDestination(family, map: map, count: UInt32(backends.count)),
                ])
            ]
            chains.append(chain)
            verdicts[family, default: []].append(.addressPortVerdict(service.front, .goto(chainName)))
        }

        /// Name of the map of these backends, shared by all fronts that have the same.
        private mutating func backendMap(_ backends: [AddressPort], _ family: IPFamily) -> String {
            let content = backends.map { "\($0.address) \($0.port)" }.joined(separator: ",")
            let (name, isNew) = names.name("backends-\(family.rawValue)-", for: content)
            if isNew {
                sets.append(
                    NftSet(
                        name: name, kind: .backends(family), comment: "",
                        elements: backends.enumerated().map { .backend(UInt32($0.offset), $0.element) }))
            }
            return name
        }
    }

    // MARK: Base chains

    private static func servicesName(_ family: IPFamily) -> String { "services-\(family.rawValue)" }
    private static func refusedName(_ family: IPFamily) -> String { "refused-\(family.rawValue)" }

    private func place(_ family: IPFamily) -> [NftField] {
        [.destinationAddress(family), .transport, .destinationPort]
    }

    private func isFamily(_ family: IPFamily) -> NftStatement {
        .match(.family, .equals(NftField.number(of: family)))
    }

    private func natChain(_ point: NftHook.Point) -> NftChain {
        var chain = NftChain(
            name: "translate-\(point)", hook: NftHook(type: .nat, point: point, priority: -100),
            comment: "Services to backends")
        chain.rules = IPFamily.allCases.map {
            NftRule([isFamily($0), .verdictMap(place($0), map: Self.servicesName($0))])
        }
        return chain
    }

    private func refusingChain(_ point: NftHook.Point) -> NftChain {
        var chain = NftChain(
            name: "refuse-\(point)", hook: NftHook(type: .filter, point: point, priority: -150),
            comment: "Services without backends")
        for family in IPFamily.allCases {
            let isRefused = NftStatement.lookup(
                place(family), set: Self.refusedName(family), isInverted: false)
            chain.rules.append(
                NftRule([isFamily(family), .match(.transport, .equals(6)), isRefused, .reject(.tcpReset)]))
            chain.rules.append(NftRule([isFamily(family), isRefused, .reject(.portUnreachable)]))
        }
        return chain
    }

    /// Does nothing to packets; that a rule asks for the state makes the kernel track connections in this
    /// namespace.
    private func trackingChain() -> NftChain {
        var chain = NftChain(
            name: "track", hook: NftHook(type: .filter, point: .prerouting, priority: -150),
            comment: "turns connection tracking on")
        chain.rules = [NftRule([.connectionState(.invalid), .verdict(.accept)])]
        return chain
    }
}
