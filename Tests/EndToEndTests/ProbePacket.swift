// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkModel
import TestSupport

/// Sends the first packet of a connection from a namespace: what policy decides about.
struct ProbePacket: Sendable {
    let tuple: ConnectionTuple

    /// To be called inside the source's namespace. Returns the socket, to be closed when the verdict is
    /// known: a TCP socket that is closed early takes its SYN back.
    func send() throws -> Int32 {
        let isV6 = tuple.family == .v6
        let isICMP = tuple.transport == .icmp || tuple.transport == .icmpv6
        let isTCP = tuple.transport == .tcp
        let kind = Int32((isTCP ? SOCK_STREAM : SOCK_DGRAM).rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(isV6 ? AF_INET6 : AF_INET, kind, isICMP ? Int32(tuple.transport.rawValue) : 0)
        guard descriptor >= 0 else { throw Self.failure("socket", tuple) }
        do {
            try bindSource(descriptor)
            try sendFirst(descriptor, isV6, isTCP: isTCP, isICMP: isICMP)
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private func bindSource(_ descriptor: Int32) throws {
        // Several probes may leave from one port, to different places.
        var yes: Int32 = 1
        for option in [SO_REUSEADDR, SO_REUSEPORT] {
            setsockopt(descriptor, SOL_SOCKET, option, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        let result = withSocketAddress(tuple.source, port: tuple.sourcePort) { bind(descriptor, $0, $1) }
        guard result == 0 else { throw Self.failure("bind", tuple) }
    }

    private func sendFirst(_ descriptor: Int32, _ isV6: Bool, isTCP: Bool, isICMP: Bool) throws {
        let port = isICMP ? 0 : tuple.destinationPort
        let result = withSocketAddress(tuple.destination, port: port) { address, size -> Int in
            if isTCP { return Int(connect(descriptor, address, size)) }
            var bytes = Array("probe".utf8)
            // An echo request: type 8 or 128, code 0; the kernel fills in identifier and checksum.
            if isICMP { bytes = [isV6 ? 128 : 8, 0, 0, 0, 0, 0, 0, 1] + bytes }
            return sendto(descriptor, bytes, bytes.count, 0, address, size)
        }
        guard result >= 0 || errno == EINPROGRESS else { throw Self.failure("send", tuple) }
    }

    private static func failure(_ operation: String, _ tuple: ConnectionTuple) -> LoopbackHTTP.Failure {
        LoopbackHTTP.Failure("\(operation): \(String(cString: strerror(errno))): \(tuple)")
    }
}
