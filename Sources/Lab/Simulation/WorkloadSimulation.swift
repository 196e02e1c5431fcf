// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
public import NetworkModel
internal import PolicyEngine
public import PolicyModel

/// The lab's workloads as connection attempts in virtual time: no processes, no packets, no privileges.
///
/// Pure: time is an argument, chance comes from the seed. The same snapshot and calls give the same events.
struct WorkloadSimulation {
    /// Ended connections that wait for their time; more than this end at once.
    static let maximumOpenConnections = 20_000
    /// How far behind its time an attempt is still made at its time: a machine that slept makes up for no
    /// more.
    static let longestDelayNanoseconds: Int64 = 5_000_000_000

    struct Actor {
        let pod: LabPod
        /// False for a host of the internet, which no policy governs.
        let isPod: Bool
        var timetable: WorkloadTimetable
        /// When a name has to be asked for again.
        var knownNames: [String: Timestamp] = [:]
        var lookups = 0

        /// The endpoint that policy knows it by.
        var endpoint: ResourceName? { isPod ? pod.name : nil }
    }

    private let seed: UInt64
    var random: SeededGenerator
    var snapshot = LabSnapshot()
    var actors: [ResourceName: Actor] = [:]
    /// Who has an address.
    var owners: [IPAddress: ResourceName] = [:]
    var translations: [AddressPort: [AddressPort]] = [:]
    private var ends: [ConnectionObservation] = []
    var lastConnectionID: UInt32 = 0

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
    }

    /// Runs what the snapshot says from `now` on. Workloads that stay as they are keep their timing.
    mutating func update(_ snapshot: LabSnapshot, hosts: [InternetHost], now: Timestamp) {
        self.snapshot = snapshot
        var pods = snapshot.pods.map { ($0, isPod: true) }
        for host in hosts {
            // Hosts are constants of the program; one with wrong arguments would do nothing.
            let behavior = (try? WorkloadBehavior.parse(container: host.arguments)) ?? WorkloadBehavior()
            let name = ResourceName(namespace: "internet", name: host.name)
            pods.append((LabPod(name: name, addresses: host.addresses, behavior: behavior), isPod: false))
        }
        var updated: [ResourceName: Actor] = [:]
        owners = [:]
        for (pod, isPod) in pods {
            if let actor = actors[pod.name], actor.pod == pod {
                updated[pod.name] = actor
            } else {
                let timetable = WorkloadTimetable(
                    pod.behavior, seed: StableHash.bits(pod.name.description) ^ seed,
                    startNanoseconds: now.nanoseconds)
                updated[pod.name] = Actor(pod: pod, isPod: isPod, timetable: timetable)
            }
            for address in pod.addresses { owners[address] = pod.name }
        }
        actors = updated
        translations = Dictionary(
            snapshot.translations.map { ($0.front, $0.backends) }, uniquingKeysWith: { first, _ in first })
    }

    /// When something happens next; nil when nothing ever does.
    var nextDue: Timestamp? {
        let attempt = actors.values.lazy.compactMap(\.timetable.nextDueNanoseconds).min()
        let end = ends.lazy.map(\.time.nanoseconds).min()
        return [attempt, end].compactMap { $0 }.min().map(Timestamp.init(nanoseconds:))
    }

    /// Everything that happens until `now`, in order of time, at most about `maximumEvents`; the rest stays
    /// due.
    mutating func advance(
        to now: Timestamp, generation: UInt64, maximumEvents: Int = 4096, verdict: @escaping SimulatedVerdict
    ) -> [KernelEvent] {
        var events: [KernelEvent] = []
        let earliest = Timestamp(nanoseconds: now.nanoseconds - Self.longestDelayNanoseconds)
        while events.count < maximumEvents, let next = nextDue, next <= now {
            let due = max(next, earliest)
            events += takeEnds(due).map(KernelEvent.connection)
            for name in actors.keys.sorted() {
                let activities = actors[name]?.timetable.takeDue(atNanoseconds: due.nanoseconds) ?? []
                for activity in activities {
                    events += perform(activity, of: name, at: due, generation, verdict)
                }
            }
        }
        return events
    }

    private mutating func takeEnds(_ due: Timestamp) -> [ConnectionObservation] {
        let ended = ends.filter { $0.time <= due }
        if !ended.isEmpty { ends.removeAll { $0.time <= due } }
        return ended.sorted { ($0.time, $0.id) < ($1.time, $1.id) }
    }

    mutating func plan(end: ConnectionObservation) {
        if ends.count < Self.maximumOpenConnections { ends.append(end) }
    }
}

/// Decides about a connection's first packet: the decisions of the source's egress walk and of the
/// destination's ingress walk, in order, staged policies left out. nil for an end that is no endpoint of the
/// cluster.
///
/// The tuple is as rules see it, after destination NAT.
public typealias SimulatedVerdict =
    @Sendable (
        _ tuple: ConnectionTuple, _ source: ResourceName?, _ destination: ResourceName?
    ) -> (egress: [RuleDecision]?, ingress: [RuleDecision]?)
