// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// Evaluates connections under one snapshot, and remembers what it has worked out about addresses, traffic and classes.
///
/// For an address it keeps the rows of the rule tables (see `RuleTable`), for a class its walk as plain numbers. When
/// all that is known, a verdict is a few words ANDed; it allocates nothing and counts no references. Not for sharing
/// between threads: each user has its own.
///
/// Memory is bounded by `maximumBytes`; when it is reached everything is forgotten and worked out again.
public struct PolicyEvaluator: ~Copyable, Sendable {
    /// Memory that the remembered rows, addresses and traffic may take.
    public static let maximumBytes = 16 << 20
    /// Of a key: its places in a map that is a quarter full at worst.
    private static let bytesOfKey = 4 * NumberMap.bytesOfPlace

    public let snapshot: PolicySnapshot
    /// How often memory ran out and everything was forgotten.
    public private(set) var resets = 0

    let tables: CompiledTables
    private(set) var rows = EvaluatorRows()
    private var addresses = NumberMap()
    private var known: [KnownAddress] = []
    private var traffic = NumberMap()
    private var codes = WalkCodes()
    private(set) var enforcedSteps = ReusedList(filler: WalkStep.noProfileMatch)
    private(set) var pendingSteps = ReusedList(filler: WalkStep.noProfileMatch)
    /// The traces are one: the walk has no staged policies.
    private(set) var stepsAreEqual = false
    /// What the walk with staged policies found in each tier that it came to: a position, or -1.
    private var matches = ReusedList<Int32>(filler: -1)
    /// Class of the last decision.
    private(set) var lastClass = -1

    /// Offsets of rows, -1 where not worked out yet.
    private struct KnownAddress {
        let address: IPAddress
        /// The class of the workload at the address, -1 when there is none.
        let classNumber: Int32
        var ingressSource: Int32 = -1
        var ingressDestination: Int32 = -1
        var egressSource: Int32 = -1
        var egressDestination: Int32 = -1
    }

    /// A verdict without its trace's texts. The steps stay in the evaluator until the next one.
    public struct Decision: Hashable, Sendable {
        public let verdict: Verdict
        public let pendingVerdict: Verdict
    }

    public init(_ snapshot: PolicySnapshot) {
        self.snapshot = snapshot
        tables = snapshot.tables
        rows.addBases(of: tables)
    }

    /// Like `PolicySnapshot.evaluate`.
    public mutating func evaluate(_ tuple: ConnectionTuple, _ direction: Direction) -> DirectionOutcome? {
        guard let decision = decide(tuple, direction) else { return nil }
        return DirectionOutcome(
            verdict: decision.verdict, pendingVerdict: decision.pendingVerdict, trace: trace(direction))
    }

    /// The verdict of the workload at the source (egress) or destination (ingress); nil when there is none. Allocates
    /// nothing when both addresses, the port and the class were seen before.
    public mutating func decide(_ tuple: ConnectionTuple, _ direction: Direction) -> Decision? {
        if rememberedBytes > Self.maximumBytes {
            forget()
            resets += 1
        }
        let source = index(of: tuple.source)
        let destination = index(of: tuple.destination)
        let classNumber = Int(known[direction == .ingress ? destination : source].classNumber)
        guard classNumber >= 0 else { return nil }
        lastClass = classNumber
        let found = FoundRows(
            source: row(ofSource: source, direction), destination: row(ofDestination: destination, direction),
            traffic: row(of: tuple, direction), staged: rows.staged(direction))
        var start = codes.start(of: classNumber, direction)
        if start < 0 { start = codes.add(classNumber, direction, tables) }
        pendingSteps.removeAll()
        enforcedSteps.removeAll()
        matches.removeAll()
        // The walk with staged policies comes first: where it finds an enforced rule, so does the other.
        let pending = walk(start, tuple, direction, found, staged: true)
        stepsAreEqual = !codes.hasStaged(start)
        if stepsAreEqual { return Decision(verdict: pending, pendingVerdict: pending) }
        let verdict = walk(start, tuple, direction, found, staged: false)
        return Decision(verdict: verdict, pendingVerdict: pending)
    }

    private var rememberedBytes: Int {
        rows.byteCount + known.count * (MemoryLayout<KnownAddress>.stride + Self.bytesOfKey)
            + traffic.count * Self.bytesOfKey
    }

    /// Forgets everything worked out so far; keeps the memory.
    public mutating func forget() {
        rows.removeAll()
        rows.addBases(of: tables)
        addresses.removeAll()
        known.removeAll(keepingCapacity: true)
        traffic.removeAll()
    }
}

/// Where the rows of a connection are.
private struct FoundRows {
    let source: Int
    let destination: Int
    let traffic: Int
    let staged: Int
}

// MARK: - The walk

extension PolicyEvaluator {
    /// The walk of policy semantics 3.3, over the numbers of `WalkCodes`.
    private mutating func walk(
        _ start: Int, _ tuple: ConnectionTuple, _ direction: Direction, _ found: FoundRows, staged: Bool
    ) -> Verdict {
        var cursor = codes.firstTier(start)
        for number in 0..<codes.tierCount(start) {
            let tier = codes.tier(at: cursor)
            cursor = tier.next
            if !staged, !tier.hasEnforced { continue }
            let position: Int
            if staged {
                position = firstMatch(tier, from: 0, tuple, direction, found, without: -1)
                matches.append(Int32(position))
            } else {
                position = firstEnforced(number, tier, tuple, direction, found)
            }
            if position >= 0 {
                record(.rule(Int32(position)), staged: staged)
                switch direction == .ingress
                    ? tables.ingress.action[position] : tables.egress.action[position]
                {
                case .allow: return .allow
                case .deny: return .deny
                case .pass, .log: continue
                }
            }
            record(.endOfTier(Int32(number)), staged: staged)
            if !tier.passesAtEnd { return .deny }
        }
        let (step, verdict) = codes.constantProfile(start) ?? profileStep(tuple, direction)
        record(step, staged: staged)
        return verdict
    }

    @inline(__always)
    private mutating func record(_ step: WalkStep, staged: Bool) {
        if staged { pendingSteps.append(step) } else { enforcedSteps.append(step) }
    }

    /// Profiles in order, their rules matched in full.
    private func profileStep(_ tuple: ConnectionTuple, _ direction: Direction) -> (WalkStep, Verdict) {
        for (place, profile) in (tables.classes[lastClass]?.key.profiles ?? []).enumerated() {
            let rules = tables.profiles[Int(profile)]?.rules(direction) ?? []
            guard let rule = rules.first(where: { $0.action != .log && $0.match.matches(tuple, tables) }),
                rule.action != .pass
            else { continue }
            let step = WalkStep.profile(Int32(place), rule: Int32(rule.index))
            return (step, rule.action == .allow ? .allow : .deny)
        }
        return (.noProfileMatch, .deny)
    }

    /// The first enforced rule of a tier, beginning where the walk with staged policies left off.
    private func firstEnforced(
        _ number: Int, _ tier: WalkCodes.Tier, _ tuple: ConnectionTuple, _ direction: Direction,
        _ found: FoundRows
    ) -> Int {
        guard number < matches.count else {
            return firstMatch(tier, from: 0, tuple, direction, found, without: found.staged)
        }
        let first = Int(matches[number])
        guard first >= 0, rows.isSet(first, found.staged) else { return first }
        return firstMatch(tier, from: first, tuple, direction, found, without: found.staged)
    }

    /// The first position of the tier, not before `start` in its order, whose rule matches; -1 when none does.
    private func firstMatch(
        _ tier: WalkCodes.Tier, from start: Int, _ tuple: ConnectionTuple, _ direction: Direction,
        _ found: FoundRows,
        without excluded: Int
    ) -> Int {
        var hasStarted = start == 0
        for number in 0..<tier.rangeCount {
            let (low, high) = codes.range(number, of: tier)
            var next = low
            if !hasStarted {
                guard low <= start, start < high else { continue }
                hasStarted = true
                next = start
            }
            while next < high {
                let position = rows.nextMatch(
                    from: next, to: high, found.source, found.destination, found.traffic, without: excluded)
                guard position >= 0 else { break }
                if matchesInFull(position, tuple, direction) { return position }
                next = position + 1
            }
        }
        return -1
    }

    /// The rows say that the rule matches; whether it has criteria that they do not know.
    private func matchesInFull(_ position: Int, _ tuple: ConnectionTuple, _ direction: Direction) -> Bool {
        if direction == .ingress {
            guard tables.ingress.mustVerify.contains(position) else { return true }
        } else {
            guard tables.egress.mustVerify.contains(position) else { return true }
        }
        let rules = tables.rules(direction)
        guard let compiled = tables.policies[Int(rules.owner[position])] else { return false }
        return compiled.rules(direction)[Int(rules.ruleIndex[position])].match.matches(tuple, tables)
    }
}

// MARK: - What is remembered

extension PolicyEvaluator {
    private mutating func index(of address: IPAddress) -> Int {
        let index = addresses[address.bits]
        if index >= 0 { return Int(index) }
        let classNumber = tables.endpoints.workload(at: address).map { tables.endpoints.classOf[$0] } ?? -1
        known.append(KnownAddress(address: address, classNumber: classNumber))
        addresses.insert(Int32(known.count - 1), for: address.bits)
        return known.count - 1
    }

    private mutating func row(ofSource index: Int, _ direction: Direction) -> Int {
        let offset = direction == .ingress ? known[index].ingressSource : known[index].egressSource
        if offset >= 0 { return Int(offset) }
        let new = rows.addRow(isSource: true, direction, known[index].address, tables)
        if direction == .ingress { known[index].ingressSource = new } else { known[index].egressSource = new }
        return Int(new)
    }

    private mutating func row(ofDestination index: Int, _ direction: Direction) -> Int {
        let offset = direction == .ingress ? known[index].ingressDestination : known[index].egressDestination
        if offset >= 0 { return Int(offset) }
        let new = rows.addRow(isSource: false, direction, known[index].address, tables)
        if direction == .ingress {
            known[index].ingressDestination = new
        } else {
            known[index].egressDestination = new
        }
        return Int(new)
    }

    private mutating func row(of tuple: ConnectionTuple, _ direction: Direction) -> Int {
        let port = tuple.transport.hasPolicyPorts ? tuple.destinationPort : 0
        let flags: UInt32 = (direction == .egress ? 2 : 0) | (tuple.family == .v6 ? 1 : 0)
        let key = UInt128(flags << 24 | UInt32(tuple.transport.rawValue) << 16 | UInt32(port))
        let offset = traffic[key]
        if offset >= 0 { return Int(offset) }
        let new = rows.addTrafficRow(direction, tuple.family, tuple.transport, port, tables)
        traffic.insert(new, for: key)
        return Int(new)
    }
}
