// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import LinuxKernel
internal import NetworkModel
internal import PolicyModel
internal import Synchronization

/// Reports what the rules logged and what connection tracking saw in one network namespace.
///
/// Two threads, one per kernel socket, sleep in poll(2) until something happens; connections are also listed
/// every two seconds while there are any, for their counters. Batches are handed over as the kernel gives
/// them, 10 ms after the packet at most when there are few. What policy decided and what connection tracking
/// says come by different sockets: each in its own order, but either may be first.
public final class NetfilterEventSource: PacketEventSource {
    /// Bounds and intervals.
    public struct Configuration: Hashable, Sendable {
        /// NFLOG groups to listen to: those of `NftablesConfiguration`.
        public var logGroups: [UInt16] = [1, 2]
        /// Time between two dumps of all connections. The kernel walks its whole table for each, whose size
        /// does not depend on how many connections there are: that is most of what an idle node costs.
        public var dumpInterval: Duration = .seconds(2)
        /// Batches that wait for the consumer at most; then the oldest go.
        public var queuedBatches = 256
        /// Events in one batch at most, but for packet logs, where the kernel decides (128 KiB).
        public var eventsPerBatch = 4096

        public init() {}
    }

    let configuration: Configuration
    let decisions: DecisionRegistry
    let packets: NFLogSocket
    let connections: ConntrackSocket
    let tallies = EventTallies()
    private let state = Mutex(State())

    private struct State {
        var isStarted = false
        var failure: KernelError?
    }

    /// Why the stream of batches ended, when it was not asked to.
    public var failure: KernelError? { state.withLock { $0.failure } }

    /// Totals since the source was opened, also those that no batch has told yet.
    public var losses: [EventLoss] { tallies.losses(packets.counters, connections.counters) }

    /// Listens from now on in the calling thread's network namespace; `decisions` is the data plane's.
    public init(
        decisions: DecisionRegistry, configuration: Configuration = Configuration()
    ) throws(KernelError) {
        self.configuration = configuration
        self.decisions = decisions
        var log = NFLogSocket.Configuration(groups: configuration.logGroups)
        log.copyBytes = 128
        packets = try NFLogSocket.open(log)
        connections = try ConntrackSocket.open()
    }

    /// The same for the given namespace, after `prepareNamespace`; callable from any thread.
    public static func open(
        in namespace: NetworkNamespace, decisions: DecisionRegistry,
        configuration: Configuration = Configuration()
    ) throws -> NetfilterEventSource {
        try namespace.perform {
            try prepareNamespace()
            return try NetfilterEventSource(decisions: decisions, configuration: configuration)
        }
    }

    /// Has the calling thread's namespace count packets and bytes of connections and tell when they end.
    ///
    /// Do it before connections begin: older ones do not get counters. `timeWaitSeconds` changes how long a
    /// closed TCP connection stays listed (kernel default: 120), and so how late its end is told.
    public static func prepareNamespace(timeWaitSeconds: Int? = nil) throws(KernelError) {
        try ConntrackSocket.enableAccounting()
        if let timeWaitSeconds {
            try Sysctl.write("net.netfilter.nf_conntrack_tcp_timeout_time_wait", "\(timeWaitSeconds)")
        }
    }

    /// Starts reading. Ends when the consumer stops, when `stop` is called, or with a `failure`. Once only: a
    /// second call returns a stream that is over.
    public func batches() -> AsyncStream<KernelEventBatch> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: KernelEventBatch.self, bufferingPolicy: .bufferingNewest(configuration.queuedBatches))
        let isFirst = state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
        guard isFirst else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.stop() }
        let output = Output(source: self, continuation: continuation)
        start("nflog", output) { output throws(KernelError) in try output.source.followPackets(output) }
        start("conntrack", output) { output throws(KernelError) in try output.source.followConnections(output)
        }
        return stream
    }

    /// Ends reading and the stream. Callable from any thread, more than once.
    public func stop() {
        packets.stop()
        connections.stop()
    }

    /// Runs `body` on a thread of its own. When one of the two ends, so does all: half the story would
    /// mislead.
    private func start(
        _ name: String, _ output: Output, _ body: @escaping @Sendable (Output) throws(KernelError) -> Void
    ) {
        do throws(KernelError) {
            _ = try DedicatedThread.start(name) {
                do throws(KernelError) { try body(output) } catch { self.fail(error) }
                self.stop()
                output.continuation.finish()
            }
        } catch {
            fail(error)
            stop()
            output.continuation.finish()
        }
    }

    private func fail(_ error: KernelError) { state.withLock { $0.failure = $0.failure ?? error } }

    /// Where batches go.
    struct Output: Sendable {
        let source: NetfilterEventSource
        let continuation: AsyncStream<KernelEventBatch>.Continuation

        func send(_ events: [KernelEvent]) {
            let batch = KernelEventBatch(events: events, losses: source.losses)
            if case .dropped(let oldest) = continuation.yield(batch) {
                source.tallies.add(\.overflowed, UInt64(oldest.events.count))
            }
        }
    }
}
