// SPDX-License-Identifier: Apache-2.0

/// A whole nftables table as a value: what the kernel should hold. Family `inet`.
///
/// Rules refer to chains and sets by name, so two tables can be compared name by name. No anonymous sets:
/// each costs the kernel a set of its own at every load.
struct NftTable: Hashable, Sendable {
    /// At most 255 bytes (NFT_TABLE_MAXNAMELEN).
    var name: String
    /// Sets and maps, sorted by name.
    var sets: [NftSet] = []
    /// Chains, sorted by name; base chains too.
    var chains: [NftChain] = []
}

/// A chain: base when it has a hook, else reached by jump or goto.
struct NftChain: Hashable, Sendable {
    /// At most 255 bytes (NFT_CHAIN_MAXNAMELEN).
    let name: String
    /// Where the kernel calls it; nil for regular chains.
    let hook: NftHook?
    /// For people: what the chain stands for. Already safe to print between double quotes.
    let comment: String
    var rules: [NftRule] = []
    /// What each logged position of the rules means; nil where nothing is logged. Empty: the chain logs
    /// nothing.
    var outcomes: [LoggedOutcome?] = []
    /// Filled in by `DecisionRegistry` when there are outcomes; part of every log prefix of the chain.
    var identity: ChainIdentity?

    init(name: String, hook: NftHook? = nil, comment: String = "") {
        self.name = name
        self.hook = hook
        self.comment = comment
    }

    /// Equal in everything but identity: the kernel's rules need not be touched.
    func hasSameContent(as other: NftChain) -> Bool {
        rules == other.rules && outcomes == other.outcomes && hook == other.hook && comment == other.comment
    }
}

/// The chain's place in the packet's way through the kernel.
struct NftHook: Hashable, Sendable {
    /// `filter` or `nat`: the kernel's chain types (net/netfilter/nft_chain_filter.c, nft_chain_nat.c).
    enum ChainType: String, Sendable { case filter, nat }
    /// Values are enum nf_inet_hooks (linux/netfilter.h).
    enum Point: UInt32, Sendable {
        case prerouting = 0
        case input = 1
        case forward = 2
        case output = 3
    }

    let type: ChainType
    let point: Point
    /// Lower runs earlier; 0 is `filter`, -100 is `dstnat`.
    let priority: Int32
}

/// One rule: statements from left to right; the first that does not hold ends it.
struct NftRule: Hashable, Sendable {
    var statements: [NftStatement]
    init(_ statements: [NftStatement]) { self.statements = statements }
}

/// What happens to the packet next (linux/netfilter/nf_tables.h, enum nft_verdicts).
enum NftVerdict: Hashable, Sendable {
    /// Ends this base chain; chains of later priority still see the packet.
    case accept
    case drop
    /// Back to the chain that jumped here.
    case `return`
    case jump(String)
    /// A jump without coming back.
    case goto(String)

    /// The chain that is jumped to.
    var target: String? {
        switch self {
        case .jump(let name), .goto(let name): name
        default: nil
        }
    }
}
