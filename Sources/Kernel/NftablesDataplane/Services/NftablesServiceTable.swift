// SPDX-License-Identifier: Apache-2.0

public import LinuxKernel
public import PolicyEngine
internal import Synchronization

/// Leads connections to Services to their backends, each connection to a random one, and refuses connections
/// to Services without any: a reset for TCP, ICMP port unreachable for the rest.
///
/// A table of its own, so that policy and Services change independently. Also turns connection tracking on in
/// its namespace, which observing needs even where nothing is enforced. There is no source NAT: a workload
/// whose own Service leads it to itself is not answered.
public final class NftablesServiceTable: Sendable {
    private let compiler: ServiceTableCompiler
    private let programmer: Mutex<NftTableProgrammer>

    /// For the calling thread's network namespace.
    public init(tableName: String = "vibrissa-services") throws(KernelError) {
        compiler = ServiceTableCompiler(tableName: tableName)
        programmer = Mutex(
            NftTableProgrammer(
                tableName: tableName, instance: 0,
                socket: try NetlinkSocket.open(.netfilter, receiveBufferBytes: 4 << 20)))
    }

    /// For the given namespace; callable from any thread.
    public static func open(
        in namespace: NetworkNamespace, tableName: String = "vibrissa-services"
    ) throws -> NftablesServiceTable {
        try namespace.perform { try NftablesServiceTable(tableName: tableName) }
    }

    /// Makes exactly these Services reachable, in one transaction; of two with the same front the first
    /// counts. Established connections keep their backend. Throws `NftablesError` and changes nothing when
    /// the kernel refuses.
    public func apply(_ services: [ServiceTranslation]) async throws {
        try await BlockingWork.run("nft-services") {
            let table = self.compiler.compile(services)
            _ = try self.programmer.withLock { try $0.program(table) }
        }
    }

    /// Turns connection tracking on without any Service.
    public func enableTracking() async throws { try await apply([]) }

    /// Deletes the table. Connection tracking ends unless other rules need it.
    public func remove() async throws {
        try await BlockingWork.run("nft-services") { try self.programmer.withLock { try $0.remove() } }
    }

    /// What is in force, in nft's language; empty when nothing was applied. For support.
    public func rulesText() -> String {
        guard let table = programmer.withLock({ $0.current }) else { return "" }
        return NftTextRenderer(instance: 0).render(table)
    }
}
