// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// What distinguishes one nftables data plane from another on the same machine.
public struct NftablesConfiguration: Hashable, Sendable {
    /// Name of the table, family `inet`. Everything in it belongs to the data plane.
    public var tableName = "vibrissa"
    /// Every workload interface's name on the node's side starts with this. Traffic from and to interfaces of
    /// such names without an endpoint is dropped.
    public var workloadInterfacePrefix = "cali"
    /// NFLOG group of decisions about ingress (policy semantics 6.5).
    public var ingressLogGroup: UInt16 = 1
    /// NFLOG group of decisions about egress.
    public var egressLogGroup: UInt16 = 2
    /// Packet mark bit that carries Pass out of a policy's chain. Nobody else may use it; cleared before and
    /// after.
    public var passMark: UInt32 = 0x0008_0000
    /// Starts the kernel log lines of Log rules; nil leaves Log rules out.
    public var kernelLogPrefix: String? = "calico-packet: "
    /// UDP port of VXLAN, which workloads must not send.
    public var vxlanPort: UInt16 = 4789
    /// Replaced forms of one chain whose events can still be explained.
    public var retainedGenerations = 64

    public init() {}

    func logGroup(_ direction: Direction) -> UInt16 {
        direction == .ingress ? ingressLogGroup : egressLogGroup
    }
}
