// SPDX-License-Identifier: Apache-2.0

import FlowModel
public import NetworkModel

extension FlowHistory {
    /// What each policy, or each rule, did (flow API 2.9), in the order of the compact hit texts.
    ///
    /// Windows from the one that holds the start up to, not including, the one that holds the end. Rows are
    /// added up by trace first, and each trace's hits are looked at once a window.
    /// Complexity: O(rows of the windows + windows × traces × hits of a trace).
    public func statistics(
        _ query: FlowStatisticsQuery, now: Timestamp
    ) throws(FlowQueryError) -> [FlowStatistic] {
        let (from, before) = try resolve(query.range, now: now)
        let end = headSeconds + windowSeconds
        guard from >= ringStartSeconds, before < end else {
            throw .rangeOutsideHistory(
                startGTE: from, startLT: before, oldest: ringStartSeconds, newest: end - 1)
        }
        let first = Self.windowStart(from, windowSeconds)
        let last = Self.windowStart(before, windowSeconds)
        var sums = StatisticSums(query: query, columns: columns)
        for window in windows(from: first, before: last) { sums.add(window) }
        return sums.statistics()
    }
}

/// Adds up rows for statistics.
private struct StatisticSums {
    /// Identity of one result.
    struct Subject: Hashable {
        var kind: FlowPolicyKind
        var tier: UInt32
        var namespace: UInt32
        var name: UInt32
        /// Unspecified when grouped by policy.
        var action = FlowAction.unspecified
        /// Of the policy or the rule, as the grouping says; 0 when grouped by policy.
        var index: Int64 = 0
        var direction = FlowStatistic.Direction.any
    }

    /// Values of a subject: in and out by action, `FlowAction`'s number × 2. Unspecified ones are thrown away.
    private static let width = 8

    struct Sum {
        var received: UInt64 = 0
        var sent: UInt64 = 0
        var isTouched = false
    }

    let query: FlowStatisticsQuery
    let columns: KeyColumns
    private var subjects: [Subject] = []
    private var places: [Subject: Int] = [:]
    /// By slot: trace × 2, + 1 for the reporter at the source.
    private let traces: ContiguousArray<UInt32>
    /// Where a trace's hits are counted: places in `values`.
    private var targets: ContiguousArray<UInt32> = []
    /// Where a trace's targets are, by trace × 2 + reporter; nil when not resolved yet.
    private var targetPlaces: [Range<Int>?]
    private var sums: [Sum]
    private var touched: [Int] = []
    /// By subject.
    private var totals: [FlowStatistic.Values] = []
    private var series: [(starts: [Int64], values: [FlowStatistic.Values])] = []
    /// Of the window that is being added, `width` for each subject.
    private var values: ContiguousArray<UInt64> = []
    private var isInWindow: ContiguousArray<Bool> = []

    init(query: FlowStatisticsQuery, columns: KeyColumns) {
        self.query = query
        self.columns = columns
        traces = ContiguousArray(
            (0..<columns.slotCount).map { slot in
                let code = columns.keys[slot].code
                return code.trace << 1 | (code.reporter == .source ? 1 : 0)
            })
        targetPlaces = Array(repeating: nil, count: columns.traces.traces.count * 2)
        sums = Array(repeating: Sum(), count: columns.traces.traces.count * 2)
    }

    mutating func add(_ window: HistoryWindow) {
        switch query.measure {
        case .packets: sum(window, received: { $0.packetsIn }, sent: { $0.packetsOut })
        case .bytes: sum(window, received: { $0.bytesIn }, sent: { $0.bytesOut })
        case .liveConnections:
            sum(window, received: { $0.connectionsLive }, sent: { $0.connectionsLive })
        }
        distribute(start: window.startSeconds)
    }

    @inline(__always)
    private mutating func sum(
        _ window: HistoryWindow, received: (borrowing WindowRow) -> UInt64,
        sent: (borrowing WindowRow) -> UInt64
    ) {
        var touched = touched
        sums.withUnsafeMutableBufferPointer { sums in
            traces.withUnsafeBufferPointer { traces in
                window.forEach { slot, row in
                    let place = Int(traces[slot])
                    sums[place].received = sums[place].received.addingClamped(received(row))
                    sums[place].sent = sums[place].sent.addingClamped(sent(row))
                    if !sums[place].isTouched {
                        sums[place].isTouched = true
                        touched.append(place)
                    }
                }
            }
        }
        self.touched = touched
    }

    /// Gives what a window added to each trace to the trace's hits.
    private mutating func distribute(start: Int64) {
        for place in touched where targetPlaces[place] == nil { resolve(place) }
        var inWindow: [Int] = []
        values.withUnsafeMutableBufferPointer { values in
            isInWindow.withUnsafeMutableBufferPointer { isInWindow in
                for place in touched {
                    guard let range = targetPlaces[place] else { continue }
                    let sum = sums[place]
                    // Connections are on the side of the reporter only.
                    let isOneSided = query.measure == .liveConnections
                    let received = isOneSided && place & 1 == 1 ? 0 : sum.received
                    let sent = isOneSided && place & 1 == 0 ? 0 : sum.sent
                    for index in range {
                        let target = Int(targets[index])
                        values[target] = values[target].addingClamped(received)
                        values[target + 1] = values[target + 1].addingClamped(sent)
                        let subject = target / Self.width
                        if !isInWindow[subject] {
                            isInWindow[subject] = true
                            inWindow.append(subject)
                        }
                    }
                }
            }
        }
        for place in touched { sums[place] = Sum() }
        touched.removeAll(keepingCapacity: true)
        for subject in inWindow { finish(subject, start: start) }
    }

    private mutating func finish(_ subject: Int, start: Int64) {
        let first = subject * Self.width
        func value(_ action: FlowAction, _ side: Int) -> UInt64 {
            values[first + Int(action.rawValue) * 2 + side]
        }
        var result = FlowStatistic.Values()
        (result.allowedIn, result.allowedOut) = (value(.allow, 0), value(.allow, 1))
        (result.deniedIn, result.deniedOut) = (value(.deny, 0), value(.deny, 1))
        (result.passedIn, result.passedOut) = (value(.pass, 0), value(.pass, 1))
        if query.isTimeSeries {
            series[subject].starts.append(start)
            series[subject].values.append(result)
        } else {
            totals[subject].add(result)
        }
        for place in first..<(first + Self.width) { values[place] = 0 }
        isInWindow[subject] = false
    }

    private mutating func resolve(_ place: Int) {
        var seen: Set<SeenHit> = []
        let first = targets.count
        for number in columns.traces.traces[place >> 1].hits {
            let hit = columns.traces.hits[number]
            guard query.match.holdsForStatistics(hit, columns.texts) else { continue }
            let subject = subject(of: hit, isSource: place & 1 == 1)
            // Identical hits of both traces count once.
            let identity = SeenHit(subject: subject, action: hit.action, policyIndex: hit.policyIndex)
            guard seen.insert(identity).inserted else { continue }
            targets.append(UInt32(self.place(of: subject) * Self.width + Int(hit.action.rawValue) * 2))
        }
        targetPlaces[place] = first..<targets.count
    }

    private struct SeenHit: Hashable {
        var subject: Subject
        var action: FlowAction
        var policyIndex: Int64
    }

    /// The end of a tier counts for its trigger.
    private func subject(of hit: HitRow, isSource: Bool) -> Subject {
        var subject =
            hit.hasTrigger
            ? Subject(
                kind: hit.triggerKind, tier: hit.triggerTier, namespace: hit.triggerNamespace,
                name: hit.triggerName)
            : Subject(kind: hit.kind, tier: hit.tier, namespace: hit.namespace, name: hit.name)
        switch query.grouping {
        case .policy: return subject
        case .rule: subject.index = hit.policyIndex
        case .exactRule: subject.index = hit.ruleIndex
        }
        subject.action = hit.action
        subject.direction = isSource ? .egress : .ingress
        return subject
    }

    private mutating func place(of subject: Subject) -> Int {
        if let known = places[subject] { return known }
        places[subject] = subjects.count
        subjects.append(subject)
        totals.append(FlowStatistic.Values())
        series.append(([], []))
        values.append(contentsOf: repeatElement(0, count: Self.width))
        isInWindow.append(false)
        return subjects.count - 1
    }

    func statistics() -> [FlowStatistic] {
        let results = subjects.indices.map { place in
            let subject = subjects[place]
            let isByPolicy = query.grouping == .policy
            let statistic = FlowStatistic(
                policy: FlowTrigger(
                    kind: subject.kind, namespace: columns.texts[subject.namespace],
                    name: columns.texts[subject.name], tier: columns.texts[subject.tier]),
                action: subject.action, ruleIndex: isByPolicy ? nil : subject.index,
                direction: subject.direction,
                starts: query.isTimeSeries ? series[place].starts : [],
                values: query.isTimeSeries ? series[place].values : [totals[place]])
            return (text: statistic.orderText, statistic: statistic)
        }
        return results.sorted { left, right in
            left.text == right.text
                ? left.statistic.direction.rawValue < right.statistic.direction.rawValue
                : bytewisePrecedes(left.text, right.text)
        }.map(\.statistic)
    }
}

extension FlowStatistic {
    /// The compact hit text (flow API 1.5) that results are ordered by.
    fileprivate var orderText: String {
        FlowHit(
            kind: policy.kind, namespace: policy.namespace, name: policy.name, tier: policy.tier,
            action: action, policyIndex: 0, ruleIndex: ruleIndex ?? 0
        ).traceText
    }
}

extension FlowPolicyCondition {
    /// As `holds`, but the end of a tier is looked at as its trigger, which is what is counted.
    fileprivate func holdsForStatistics(_ hit: HitRow, _ texts: StringColumn) -> Bool {
        guard hit.hasTrigger else { return holds(hit, texts) }
        var trigger = HitRow()
        trigger.kind = hit.triggerKind
        trigger.action = hit.action
        trigger.ruleIndex = hit.ruleIndex
        trigger.tier = hit.triggerTier
        trigger.namespace = hit.triggerNamespace
        trigger.name = hit.triggerName
        return holds(trigger, texts)
    }
}

extension FlowStatistic.Values {
    fileprivate mutating func add(_ other: FlowStatistic.Values) {
        allowedIn = allowedIn.addingClamped(other.allowedIn)
        allowedOut = allowedOut.addingClamped(other.allowedOut)
        deniedIn = deniedIn.addingClamped(other.deniedIn)
        deniedOut = deniedOut.addingClamped(other.deniedOut)
        passedIn = passedIn.addingClamped(other.passedIn)
        passedOut = passedOut.addingClamped(other.passedOut)
    }
}

extension UInt64 {
    @inline(__always)
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
