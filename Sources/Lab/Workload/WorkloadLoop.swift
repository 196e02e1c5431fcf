// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NetworkModel

/// One thread, one `poll(2)`: sleeps until a descriptor is ready, an attempt is due or a deadline has passed.
///
/// Not Sendable; lives on the thread that runs it.
final class WorkloadLoop {
    /// Most descriptors at one time, listeners included. Further connections wait in the kernel or are
    /// skipped.
    static let maximumEndpoints = 512

    let options: WorkloadOptions
    let reports: WorkloadReports
    private(set) var resolver: WorkloadResolver
    private var timetable: WorkloadTimetable
    private var endpoints: [Int32: WorkloadEndpoint] = [:]

    init(_ options: WorkloadOptions, reports: WorkloadReports) {
        self.options = options
        self.reports = reports
        resolver = WorkloadResolver(servers: options.nameServers)
        timetable = WorkloadTimetable(
            options.behavior, seed: options.seed, startNanoseconds: Self.monotonicNanoseconds)
    }

    /// CLOCK_MONOTONIC.
    static var monotonicNanoseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    func openServers() throws(LabError) {
        let addresses: [IPAddress?] = options.localAddresses.isEmpty ? [nil] : options.localAddresses
        for server in options.behavior.servers {
            for address in addresses {
                do throws(WorkloadSocket.Failure) {
                    let descriptor = try WorkloadSocket.server(server, address: address)
                    add(
                        server.transport == .tcp
                            ? WorkloadListener(descriptor, kind: server.kind)
                            : WorkloadDatagramServer(
                                descriptor,
                                zone: server.kind == .dns ? WorkloadZoneFile(options.zonePath) : nil))
                } catch {
                    throw LabError(
                        operation: "serve", subject: "\(server.kind.rawValue):\(server.port)",
                        message: error.text)
                }
            }
        }
    }

    /// Runs until `mayGoOn`, asked after every event, says no.
    func run(while mayGoOn: () -> Bool) {
        while mayGoOn() {
            let now = Self.monotonicNanoseconds
            for activity in timetable.takeDue(atNanoseconds: now) { begin(activity, now) }
            for endpoint in endpoints.values where endpoint.deadlineNanoseconds <= now {
                endpoint.expire(self)
            }
            waitOnce()
        }
        for endpoint in Array(endpoints.values) { remove(endpoint) }
    }

    /// Waits for the next event and lets it take effect.
    private func waitOnce() {
        let deadlines = endpoints.values.lazy.map(\.deadlineNanoseconds).min() ?? .max
        let next = min(deadlines, timetable.nextDueNanoseconds ?? .max)
        let wait = next == .max ? -1 : max(0, (next - Self.monotonicNanoseconds + 999_999) / 1_000_000)
        let waiting = Array(endpoints.values)
        var polled = waiting.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
        let count = poll(&polled, nfds_t(polled.count), Int32(clamping: wait))
        guard count > 0 else { return }
        for (endpoint, result) in zip(waiting, polled)
        // Not one that another's event has closed.
        where result.revents != 0 && endpoint.isOpen { endpoint.becomeReady(self) }
    }

    // MARK: Descriptors

    /// True when there is room for another connection.
    var hasRoom: Bool { endpoints.count < Self.maximumEndpoints }

    func add(_ endpoint: WorkloadEndpoint) { endpoints[endpoint.descriptor] = endpoint }

    /// Closes and forgets.
    func remove(_ endpoint: WorkloadEndpoint) {
        guard endpoint.isOpen else { return }
        endpoint.isOpen = false
        endpoints[endpoint.descriptor] = nil
        close(endpoint.descriptor)
    }

    // MARK: Attempts

    private func begin(_ activity: WorkloadTimetable.Activity, _ now: Int64) {
        guard hasRoom else { return }
        switch activity {
        case .probe(let index, let attempt):
            let target = options.behavior.probes[index].target(attempt)
            WorkloadProbeAttempt.start(target.address, target.port, self)
        case .call(let index, let attempt):
            let call = options.behavior.calls[index]
            switch call.host {
            case .address(let address): begin(call, address)
            case .name(let name): resolve(name, for: call, attempt: attempt, now)
            }
        }
    }

    private func resolve(_ name: String, for call: WorkloadCall, attempt: Int, _ now: Int64) {
        guard let query = DNSName(name)?.expanded else { return }
        if let known = resolver.cached(query, now) { return begin(call, known, attempt: attempt) }
        WorkloadLookup.start(query, attempt: attempt, self) { [reports] loop, result in
            switch result {
            case .success(let answer):
                reports.note(call.target, "its name", nil)
                loop.resolver.store(answer, for: query, WorkloadLoop.monotonicNanoseconds)
                loop.begin(call, answer.addresses, attempt: attempt)
            case .failure(let reason): reports.note(call.target, "its name", reason.text)
            }
        }
    }

    private func begin(_ call: WorkloadCall, _ addresses: [IPAddress], attempt: Int) {
        if let address = WorkloadResolver.choose(addresses, attempt: attempt) { begin(call, address) }
    }

    private func begin(_ call: WorkloadCall, _ address: IPAddress) {
        WorkloadCallAttempt.start(call, address, self)
    }

    /// The address to bind to when the workload shares its namespace; nil lets the kernel choose.
    func localAddress(_ family: IPFamily) -> IPAddress? {
        options.localAddresses.first { $0.family == family }
    }
}
