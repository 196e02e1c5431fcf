// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import NetworkModel

/// Destination ports of a protocol: `5432`, `8000:8100`, `53/udp`, `udp`.
struct PortArgument: ExpressibleByArgument, Sendable, Hashable {
    let transport: IPProtocol
    /// nil: all of them.
    let ports: PortRange?

    init?(argument text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        let last = String(parts[parts.count - 1])
        if parts.count == 1, UInt16(last) == nil, let transport = IPProtocol(testText: last) {
            self.transport = transport
            ports = nil
            return
        }
        guard let transport = parts.count == 2 ? IPProtocol(testText: last) : .tcp else { return nil }
        let bounds = parts[0].split(separator: ":", omittingEmptySubsequences: false).map { UInt16($0) }
        guard let first = bounds.first ?? nil, let end = bounds.last ?? nil, bounds.count <= 2,
            let range = PortRange(first, end)
        else { return nil }
        self.transport = transport
        ports = range
    }
}
