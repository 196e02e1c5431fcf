// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc
internal import NetworkModel
internal import Synchronization

/// Connection tracking of one network namespace: events, dumps, deletion.
///
/// Open it inside the namespace (`NetworkNamespace.perform`). `receive` waits for events on a socket of its
/// own, on one dedicated thread; `dump` and `delete` use another and may run meanwhile on any thread. To lose
/// nothing at start: open (which subscribes), then dump, then receive.
public final class ConntrackSocket: Sendable {
    /// Totals since opening; they only grow.
    public struct Counters: Hashable, Sendable {
        /// Events given to the callback.
        public var events: UInt64 = 0
        /// Messages that could not be decoded, from events and dumps.
        public var malformed: UInt64 = 0
        /// Times the receive buffer was full (ENOBUFS): events were lost, and only a dump tells which.
        public var overruns: UInt64 = 0
    }

    /// How waiting for events ended.
    public enum Reception: Hashable, Sendable {
        /// So many events were given to the callback.
        case events(Int)
        /// Events were lost: dump to catch up.
        case overrun
        /// Nothing came in time.
        case timedOut
        /// `stop()` was called.
        case stopped
    }

    private let eventSocket: NetlinkSocket
    private let requestSocket: NetlinkSocket
    private let buffer: Mutex<[UInt8]>
    private let published = Mutex(Counters())

    /// Totals so far; callable from any thread, does not wait for `receive`.
    public var counters: Counters {
        var counters = published.withLock { $0 }
        counters.overruns = eventSocket.overruns
        return counters
    }

    private init(eventSocket: NetlinkSocket, requestSocket: NetlinkSocket) {
        self.eventSocket = eventSocket
        self.requestSocket = requestSocket
        buffer = Mutex([UInt8](repeating: 0, count: NetlinkSocket.answerBytes))
    }

    /// Opens sockets in the calling thread's namespace and subscribes to NEW and DESTROY events.
    ///
    /// `receiveBufferBytes` is what the kernel may queue for us; without CAP_NET_ADMIN its own limit holds.
    public static func open(receiveBufferBytes: Int = 32 << 20) throws(KernelError) -> ConntrackSocket {
        let events = try NetlinkSocket.open(
            .netfilter, receiveBufferBytes: receiveBufferBytes,
            groups: [Int32(NFNLGRP_CONNTRACK_NEW.rawValue), Int32(NFNLGRP_CONNTRACK_DESTROY.rawValue)])
        return ConntrackSocket(eventSocket: events, requestSocket: try NetlinkSocket.open(.netfilter))
    }

    /// Turns on, for the calling thread's namespace, counters, start times, and events for all connections.
    ///
    /// nf_conntrack_events 1 instead of the default 2: connections older than the listener also tell when
    /// they end. Connections that exist already do not get counters. Kernels without start times are
    /// accepted.
    public static func enableAccounting() throws(KernelError) {
        try Sysctl.write("net.netfilter.nf_conntrack_acct", "1")
        try Sysctl.write("net.netfilter.nf_conntrack_events", "1")
        do throws(KernelError) {
            try Sysctl.write("net.netfilter.nf_conntrack_timestamp", "1")
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }

    // MARK: Events

    /// Ends every present and future `receive` with `.stopped`. Callable from any thread.
    public func stop() { eventSocket.stop() }

    /// Waits for events and gives them to `body`; a negative timeout waits for ever. `body` must not call
    /// `receive`.
    public func receive(
        timeoutMilliseconds: Int32, _ body: (ConntrackEntry) -> Void
    ) throws(KernelError) -> Reception {
        let result = buffer.withLock { buffer in
            buffer.withUnsafeMutableBytes { raw -> Result<Reception, KernelError> in
                do throws(KernelError) {
                    return .success(try receive(raw, timeoutMilliseconds, body))
                } catch {
                    return .failure(error)
                }
            }
        }
        return try result.get()
    }

    private func receive(
        _ buffer: UnsafeMutableRawBufferPointer, _ timeoutMilliseconds: Int32,
        _ body: (ConntrackEntry) -> Void
    ) throws(KernelError) -> Reception {
        switch try eventSocket.receive(into: buffer, timeoutMilliseconds: timeoutMilliseconds) {
        case .timedOut: return .timedOut
        case .stopped: return .stopped
        case .overrun: return .overrun
        case .datagram(let bytes):
            var counters = Counters()
            Self.decode(UnsafeRawBufferPointer(rebasing: buffer[..<bytes]), &counters, body)
            published.withLock { total in
                total.events += counters.events
                total.malformed += counters.malformed
            }
            return .events(Int(counters.events))
        }
    }

    /// Decodes one datagram: counts what is malformed, gives the rest to `body`.
    static func decode(
        _ datagram: UnsafeRawBufferPointer, _ counters: inout Counters, _ body: (ConntrackEntry) -> Void
    ) {
        var messages = NetlinkMessages(datagram)
        while let message = messages.next() {
            guard let entry = ConntrackEntry(message) else {
                counters.malformed += 1
                continue
            }
            counters.events += 1
            body(entry)
        }
        if messages.isTruncated { counters.malformed += 1 }
    }

    // MARK: Requests

    /// All connections, IPv4 and IPv6, with counters. Asks again when the kernel says the dump was
    /// interrupted.
    public func dump() throws(KernelError) -> [ConntrackEntry] {
        var entries: [ConntrackEntry] = []
        var malformed: UInt64 = 0
        var request = NetlinkMessageWriter()
        beginRequest(&request, IPCTNL_MSG_CT_GET.rawValue, family: AF_UNSPEC)
        request.end()
        try requestSocket.dumpConsistently(
            request, operation: "dump connections", subject: "",
            restart: { entries.removeAll(keepingCapacity: true) },
            each: { message in
                if let entry = ConntrackEntry(message) { entries.append(entry) } else { malformed += 1 }
            })
        published.withLock { $0.malformed += malformed }
        return entries
    }

    /// Deletes a connection, so that its next packet meets the rules anew; false when it is gone already.
    @discardableResult
    public func delete(_ entry: ConntrackEntry) throws(KernelError) -> Bool {
        var request = NetlinkMessageWriter()
        beginRequest(
            &request, IPCTNL_MSG_CT_DELETE.rawValue, family: entry.original.family == .v4 ? AF_INET : AF_INET6
        )
        entry.appendKey(to: &request)
        request.end()
        do throws(KernelError) {
            let tuple = entry.original
            try requestSocket.transact(
                request, operation: "delete connection",
                subject: "\(tuple.transport.flowName) \(tuple.source) -> \(tuple.destination)")
            return true
        } catch {
            if error.code == .notFound { return false }
            throw error
        }
    }

    private func beginRequest(_ request: inout NetlinkMessageWriter, _ operation: UInt32, family: Int32) {
        request.beginNetfilter(
            subsystem: UInt8(NFNL_SUBSYS_CTNETLINK), operation: UInt8(operation), flags: 0,
            family: UInt8(family))
    }
}
