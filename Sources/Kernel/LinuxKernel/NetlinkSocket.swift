// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc
internal import Synchronization

/// A netlink socket: requests with acknowledgement, dumps, batches, and events that a thread waits for.
///
/// It belongs to the network namespace of the thread that opened it, for ever; use it from any thread.
/// Requests on one socket run one at a time. Do not mix requests and `receive` on one socket: each would take
/// the other's messages. Every call blocks at most until its deadline, so keep calls off the cooperative
/// pool.
public final class NetlinkSocket: Sendable {
    /// A netlink protocol number (include/uapi/linux/netlink.h).
    public struct Family: RawRepresentable, Hashable, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
        /// NETLINK_ROUTE: links, addresses, routes.
        public static let route = Family(rawValue: 0)
        /// NETLINK_NETFILTER: nf_tables, conntrack, packet log.
        public static let netfilter = Family(rawValue: 12)
    }

    /// How waiting for a datagram ended.
    public enum Reception: Hashable, Sendable {
        /// A datagram of so many bytes is in the buffer.
        case datagram(bytes: Int)
        /// Nothing came in time.
        case timedOut
        /// The kernel dropped events because the buffer was full; `overruns` was counted up. Go on receiving.
        case overrun
        /// `stop()` was called.
        case stopped
    }

    /// Longest wait for the answer to one request, in milliseconds.
    public static let answerTimeoutMilliseconds: Int64 = 10_000
    /// Room for one answer. The kernel sends dumps in pieces of at most 32 KiB (net/netlink/af_netlink.c).
    static let answerBytes = 65_536

    let descriptor: Int32
    let wakeDescriptor: Int32
    let portID: UInt32
    let requestState: Mutex<RequestState>
    private let isStopped = Atomic<Bool>(false)
    private let overrunCount = Atomic<UInt64>(0)
    private let foreignCount = Atomic<UInt64>(0)

    /// What a request needs while it holds the socket.
    struct RequestState {
        var sequence: UInt32 = 1
        var buffer = [UInt8](repeating: 0, count: NetlinkSocket.answerBytes)
        var sendBufferBytes = 0
    }

    /// Times the kernel reported ENOBUFS: an unknown number of events was lost each time.
    public var overruns: UInt64 { overrunCount.load(ordering: .relaxed) }
    /// Datagrams thrown away because another process, not the kernel, had sent them, or longer than the
    /// buffer.
    public var refusedDatagrams: UInt64 { foreignCount.load(ordering: .relaxed) }

    private init(descriptor: Int32, wakeDescriptor: Int32, portID: UInt32) {
        self.descriptor = descriptor
        self.wakeDescriptor = wakeDescriptor
        self.portID = portID
        requestState = Mutex(RequestState())
    }

    deinit {
        close(descriptor)
        close(wakeDescriptor)
    }

    /// Opens a socket in the calling thread's network namespace.
    ///
    /// `receiveBufferBytes` is what the kernel may queue (0 keeps its default); the bound of
    /// net.core.rmem_max is passed with CAP_NET_ADMIN and quietly kept without. `groups` are multicast
    /// groups, such as NFNLGRP_*.
    public static func open(
        _ family: Family, receiveBufferBytes: Int = 0, groups: [Int32] = []
    ) throws(KernelError) -> NetlinkSocket {
        let subject = "netlink protocol \(family.rawValue)"
        let descriptor = socket(
            AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), family.rawValue)
        guard descriptor >= 0 else { throw .last("open netlink socket", subject) }
        let wakeDescriptor = linuxabi_eventfd()
        guard wakeDescriptor >= 0 else {
            let error = KernelError.last("create eventfd", subject)
            close(descriptor)
            throw error
        }
        do throws(KernelError) {
            let portID = try bindToKernel(descriptor, subject)
            let socket = NetlinkSocket(descriptor: descriptor, wakeDescriptor: wakeDescriptor, portID: portID)
            // Older kernels lack these two options: answers are then longer and say less.
            _ = socket.setOption(netlinkOptionLevel, NETLINK_EXT_ACK, 1)
            _ = socket.setOption(netlinkOptionLevel, NETLINK_CAP_ACK, 1)
            if receiveBufferBytes > 0 { socket.growReceiveBuffer(receiveBufferBytes) }
            for group in groups {
                guard socket.setOption(netlinkOptionLevel, NETLINK_ADD_MEMBERSHIP, group) else {
                    throw .last("join netlink group", "\(group)")
                }
            }
            return socket
        } catch {
            throw error
        }
    }

    private static func bindToKernel(_ descriptor: Int32, _ subject: String) throws(KernelError) -> UInt32 {
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        var length = socklen_t(MemoryLayout<sockaddr_nl>.size)
        let succeeded = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard succeeded else { throw .last("bind netlink socket", subject) }
        return address.nl_pid
    }

    /// Sets an integer socket option; false with errno when the kernel refuses.
    func setOption(_ level: Int32, _ option: Int32, _ value: Int32) -> Bool {
        var value = value
        return setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    private func growReceiveBuffer(_ bytes: Int) {
        let value = Int32(clamping: bytes)
        // Without CAP_NET_ADMIN the limit of net.core.rmem_max holds; fewer bytes only mean earlier overruns.
        if !setOption(SOL_SOCKET, SO_RCVBUFFORCE, value) { _ = setOption(SOL_SOCKET, SO_RCVBUF, value) }
    }

    // MARK: Events

    /// Ends every present and future `receive` with `.stopped`. Callable from any thread, more than once.
    public func stop() {
        isStopped.store(true, ordering: .releasing)
        var one: UInt64 = 1
        // Failing (EAGAIN) means the counter is full, so the descriptor is readable already.
        _ = write(wakeDescriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Waits for one datagram from the kernel; negative `timeoutMilliseconds` waits for ever.
    public func receive(
        into buffer: UnsafeMutableRawBufferPointer, timeoutMilliseconds: Int32
    ) throws(KernelError) -> Reception {
        let deadline = MonotonicClock.milliseconds + Int64(timeoutMilliseconds)
        while !isStopped.load(ordering: .acquiring) {
            if let reception = try readOnce(into: buffer) { return reception }
            var wait = timeoutMilliseconds
            if timeoutMilliseconds >= 0 {
                wait = Int32(clamping: max(0, deadline - MonotonicClock.milliseconds))
                if wait == 0, timeoutMilliseconds > 0 { return .timedOut }
            }
            var descriptors = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&descriptors, 2, wait)
            if ready < 0, Glibc.errno != EINTR { throw .last("wait for netlink socket", "") }
            if ready == 0 { return .timedOut }
        }
        return .stopped
    }

    /// One read without waiting; nil when there is nothing to read. Refused datagrams are counted and
    /// skipped.
    func readOnce(into buffer: UnsafeMutableRawBufferPointer) throws(KernelError) -> Reception? {
        while true {
            var address = sockaddr_nl()
            var length = socklen_t(MemoryLayout<sockaddr_nl>.size)
            let count = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    recvfrom(
                        descriptor, buffer.baseAddress, buffer.count,
                        Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC), generic, &length)
                }
            }
            if count >= 0 {
                if address.nl_pid == 0, count <= buffer.count { return .datagram(bytes: count) }
                foreignCount.add(1, ordering: .relaxed)
                continue
            }
            switch Glibc.errno {
            case EAGAIN: return nil
            case EINTR: continue
            case ENOBUFS:
                overrunCount.add(1, ordering: .relaxed)
                return .overrun
            default: throw .last("read netlink socket", "")
            }
        }
    }
}

/// `SOL_NETLINK` in the type that the socket calls want (include/linux/socket.h).
let netlinkOptionLevel = Int32(LINUXABI_SOL_NETLINK)
