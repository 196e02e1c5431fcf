// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine

/// The named sets that rules need: those of the program, by family, and lists of blocks or ports shared by
/// content.
struct SetCompiler {
    private let sources: [EnforcementSet]
    private var names = ObjectNames()
    private var byName: [String: NftSet] = [:]

    init(_ sources: [EnforcementSet]) { self.sources = sources }

    /// Everything that was asked for so far.
    var all: [NftSet] { Array(byName.values) }

    /// The IP protocols whose ports policies match (TCP, UDP, SCTP).
    static let portProtocols = [IPProtocol.tcp, .udp, .sctp]

    /// Name of the set of `portProtocols`.
    mutating func portProtocolsName() -> String {
        let name = "port-protocols"
        if byName[name] == nil {
            byName[name] = NftSet(
                name: name, kind: .protocols, comment: "protocols whose ports policies match",
                elements: Self.portProtocols.map { .key(UInt128($0.rawValue)) }.sorted())
        }
        return name
    }

    /// Name of the addresses of one family of a set of the program. The name tells whether it holds blocks,
    /// because the kernel cannot change that of a set that exists.
    mutating func addressSetName(_ index: Int, _ family: IPFamily) -> String {
        let source = sources[index]
        guard case .addresses(let prefixes) = source.content else {
            preconditionFailure("set \(source.name) is used for addresses but holds address and port pairs")
        }
        let isInterval = prefixes.contains { $0.family == family && !$0.isSingleAddress }
        let name = "\(source.name)-\(family.rawValue)\(isInterval ? "n" : "")"
        guard byName[name] == nil else { return name }
        let elements: [NftElement] =
            isInterval
            ? KeyRanges.merged(prefixes, family: family).map(NftElement.range)
            : prefixes.lazy.filter { $0.family == family }
                .map { .key(KeyRanges.key(of: $0.address, family: family)) }.sorted()
        byName[name] = NftSet(
            name: name, kind: .addresses(family, isInterval: isInterval),
            comment: ObjectNames.comment(source.definition), elements: elements)
        return name
    }

    /// Name of the triples of one family of a set of the program. Protocols whose ports policies do not match
    /// are left out: whoever looks a packet up need not test its protocol first.
    mutating func addressPortSetName(_ index: Int, _ family: IPFamily) -> String {
        let source = sources[index]
        guard case .addressPorts(let triples) = source.content else {
            preconditionFailure("set \(source.name) is used for ports but holds addresses")
        }
        let name = "\(source.name)-\(family.rawValue)p"
        guard byName[name] == nil else { return name }
        byName[name] = NftSet(
            name: name, kind: .addressPorts(family), comment: ObjectNames.comment(source.definition),
            elements: triples.filter { $0.address.family == family && $0.transport.hasPolicyPorts }
                .map(NftElement.addressPort).sorted())
        return name
    }

    /// Name of a set of exactly these ranges of addresses.
    mutating func rangesName(_ ranges: [KeyRange], _ family: IPFamily) -> String {
        shared(ranges, prefix: "nets-\(family.rawValue)-") { .addresses(family, isInterval: $0) }
    }

    /// Name of a set of exactly these ranges of ports.
    mutating func portsName(_ ranges: [KeyRange]) -> String {
        shared(ranges, prefix: "ports-") { .ports(isInterval: $0) }
    }

    private mutating func shared(
        _ ranges: [KeyRange], prefix: String, kind: (_ isInterval: Bool) -> NftSet.Kind
    ) -> String {
        let content = ranges.map { "\($0.first)-\($0.last)" }.joined(separator: ",")
        let (name, isNew) = names.name(prefix, for: prefix + content)
        guard isNew else { return name }
        let isInterval = ranges.contains { !$0.isSingle }
        byName[name] = NftSet(
            name: name, kind: kind(isInterval), comment: "",
            elements: ranges.map { isInterval ? .range($0) : .key($0.first) })
        return name
    }
}
