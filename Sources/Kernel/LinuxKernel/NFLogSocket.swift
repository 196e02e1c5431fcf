// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc
internal import Synchronization

/// Receives the packets that `log group N` rules of one network namespace report.
///
/// The kernel collects packets per group and hands them over in batches. Open it inside the namespace
/// (`NetworkNamespace.perform`), then call `receive` in a loop on one dedicated thread; `stop()` ends the
/// loop. Nothing is lost silently: see `Counters`.
public final class NFLogSocket: Sendable {
    /// What to ask the kernel for.
    public struct Configuration: Sendable {
        /// Log groups to bind. Each can be bound by one socket of the namespace.
        public var groups: [UInt16]
        /// Bytes of each packet to copy, from the IP header on.
        public var copyBytes: UInt32 = 128
        /// Longest wait for a batch to fill, in milliseconds; the kernel counts in steps of 10.
        public var flushMilliseconds: UInt32 = 10
        /// Packets after which a batch is handed over at once; nil keeps the kernel's 100.
        public var queueThreshold: UInt32?
        /// Size of one batch in bytes (kernel maximum: 131,072).
        public var batchBytes: UInt32 = 131_072
        /// What the kernel may queue for us, in bytes.
        public var receiveBufferBytes = 8 << 20

        public init(groups: [UInt16]) { self.groups = groups }
    }

    /// Totals since opening; they only grow.
    public struct Counters: Hashable, Sendable {
        /// Packets given to the callback.
        public var packets: UInt64 = 0
        /// Messages that could not be decoded.
        public var malformed: UInt64 = 0
        /// Packets the kernel logged and could not deliver, by gaps in NFULA_SEQ.
        public var lostEvents: UInt64 = 0
        /// Times the receive buffer was full (ENOBUFS); what was lost shows in `lostEvents` with the next
        /// packet.
        public var overruns: UInt64 = 0
    }

    /// How waiting for packets ended.
    public enum Reception: Hashable, Sendable {
        /// A batch of so many packets was given to the callback; 0 after an overrun or when all were
        /// malformed.
        case packets(Int)
        /// Nothing came in time.
        case timedOut
        /// `stop()` was called.
        case stopped
    }

    private struct State {
        var buffer: [UInt8]
        var sequences = NFLogSequences()
        var counters = Counters()
    }

    private let socket: NetlinkSocket
    private let state: Mutex<State>
    private let published = Mutex(Counters())

    /// Totals so far; callable from any thread, does not wait for `receive`.
    public var counters: Counters {
        var counters = published.withLock { $0 }
        counters.overruns = socket.overruns
        return counters
    }

    private init(socket: NetlinkSocket, bufferBytes: Int) {
        self.socket = socket
        state = Mutex(State(buffer: [UInt8](repeating: 0, count: bufferBytes)))
    }

    /// Opens a socket in the calling thread's namespace and binds the groups.
    public static func open(_ configuration: Configuration) throws(KernelError) -> NFLogSocket {
        let socket = try NetlinkSocket.open(
            .netfilter, receiveBufferBytes: configuration.receiveBufferBytes)
        for group in configuration.groups { try bind(socket, group, configuration) }
        let bufferBytes = max(Int(min(configuration.batchBytes, 1 << 20)) * 2, NetlinkSocket.answerBytes)
        return NFLogSocket(socket: socket, bufferBytes: bufferBytes)
    }

    /// Sends the configuration of one group: bind, copy range, batch size, flush time, threshold, flags.
    private static func bind(
        _ socket: NetlinkSocket, _ group: UInt16, _ configuration: Configuration
    ) throws(KernelError) {
        var writer = NetlinkMessageWriter()
        func send(_ body: (inout NetlinkMessageWriter) -> Void) throws(KernelError) {
            writer.removeAll()
            writer.beginNetfilter(
                subsystem: UInt8(NFNL_SUBSYS_ULOG), operation: UInt8(NFULNL_MSG_CONFIG.rawValue), flags: 0,
                family: UInt8(AF_UNSPEC), resource: group)
            body(&writer)
            writer.end()
            do throws(KernelError) {
                try socket.transact(writer, operation: "bind log group", subject: "\(group)")
            } catch {
                // nfulnl_recv_config answers EPERM too when another socket holds the group.
                guard error.errno == EPERM || error.errno == EBUSY else { throw error }
                throw KernelError(
                    error.code, operation: error.operation, subject: error.subject, errno: error.errno,
                    detail: "no CAP_NET_ADMIN, or another process already reads this group")
            }
        }
        try send { $0.raw(NFULA_CFG_CMD.rawValue, [UInt8(NFULNL_CFG_CMD_BIND.rawValue)]) }
        let range = configuration.copyBytes
        let mode = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: range >> UInt32($0)) }
        try send { request in
            // struct nfulnl_msg_config_mode: copy range (32 bits, network order), mode, padding
            request.raw(NFULA_CFG_MODE.rawValue, mode + [UInt8(NFULNL_COPY_PACKET), 0])
            request.be32(NFULA_CFG_NLBUFSIZ.rawValue, configuration.batchBytes)
            request.be32(NFULA_CFG_TIMEOUT.rawValue, max(1, configuration.flushMilliseconds / 10))
            if let threshold = configuration.queueThreshold {
                request.be32(NFULA_CFG_QTHRESH.rawValue, threshold)
            }
            request.be16(NFULA_CFG_FLAGS.rawValue, UInt16(NFULNL_CFG_F_SEQ))
        }
    }

    /// Ends every present and future `receive` with `.stopped`. Callable from any thread.
    public func stop() { socket.stop() }

    /// Waits for one batch and gives its packets to `body`, in the kernel's order; a negative timeout waits
    /// for ever.
    ///
    /// `body` must not call `receive`. A packet's prefix and payload are valid only inside `body`.
    public func receive(
        timeoutMilliseconds: Int32, _ body: (borrowing NFLogPacket) -> Void
    ) throws(KernelError) -> Reception {
        let result = state.withLock { state -> Result<Reception, KernelError> in
            do throws(KernelError) {
                return .success(try receive(timeoutMilliseconds, &state, body))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func receive(
        _ timeoutMilliseconds: Int32, _ state: inout State, _ body: (borrowing NFLogPacket) -> Void
    ) throws(KernelError) -> Reception {
        let result = state.buffer.withUnsafeMutableBytes {
            raw -> Result<NetlinkSocket.Reception, KernelError> in
            do throws(KernelError) {
                return .success(try socket.receive(into: raw, timeoutMilliseconds: timeoutMilliseconds))
            } catch {
                return .failure(error)
            }
        }
        switch try result.get() {
        case .timedOut: return .timedOut
        case .stopped: return .stopped
        case .overrun: return .packets(0)
        case .datagram(let bytes):
            let before = state.counters.packets
            var counters = state.counters
            var sequences = state.sequences
            state.buffer.withUnsafeBytes { raw in
                let datagram = UnsafeRawBufferPointer(rebasing: raw[..<bytes])
                Self.decode(datagram, &sequences, &counters, body)
            }
            state.sequences = sequences
            state.counters = counters
            published.withLock { $0 = counters }
            return .packets(Int(counters.packets - before))
        }
    }

    /// Decodes one datagram: counts what is malformed or missing, gives the rest to `body`.
    static func decode(
        _ datagram: UnsafeRawBufferPointer, _ sequences: inout NFLogSequences, _ counters: inout Counters,
        _ body: (borrowing NFLogPacket) -> Void
    ) {
        let packetType = UInt16(NFNL_SUBSYS_ULOG) << 8 | UInt16(NFULNL_MSG_PACKET.rawValue)
        var messages = NetlinkMessages(datagram)
        while let message = messages.next() {
            // A batch of several ends with NLMSG_DONE; anything else is no packet.
            guard message.type == packetType else { continue }
            guard let packet = NFLogPacket(message: message.payload) else {
                counters.malformed += 1
                continue
            }
            if let sequence = packet.sequence {
                counters.lostEvents += sequences.gap(before: sequence, group: packet.group)
            }
            counters.packets += 1
            body(packet)
        }
        if messages.isTruncated { counters.malformed += 1 }
    }
}

/// Follows NFULA_SEQ of each group and tells how many numbers were skipped.
struct NFLogSequences: Sendable {
    /// The number expected next, by group. A group's first packet has number 0 (nfnetlink_log.c:
    /// `inst->seq++`).
    private var expected: [(group: UInt16, next: UInt32)] = []

    /// Packets missing before `sequence`; 0 when it is the expected one or an older one.
    mutating func gap(before sequence: UInt32, group: UInt16) -> UInt64 {
        for index in expected.indices where expected[index].group == group {
            let missing = sequence &- expected[index].next
            guard missing < 1 << 31 else { return 0 }
            expected[index].next = sequence &+ 1
            return UInt64(missing)
        }
        expected.append((group, sequence &+ 1))
        return UInt64(sequence)
    }
}
