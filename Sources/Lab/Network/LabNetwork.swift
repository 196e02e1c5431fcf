// SPDX-License-Identifier: Apache-2.0

public import LinuxKernel
public import NetworkModel
internal import Synchronization

/// The lab's wires: a node that routes like a Calico node, one namespace per pod, one for the internet.
///
///     pod: eth0 10.244.0.2/32            node                                internet
///     default via 169.254.1.1  ── veth ──  cali<hash>  10.244.0.2/32 dev cali<hash>
///     default via fe80::ecee:eeff:feee:eeee          uplink0 192.0.2.1 ── veth ──  eth0 192.0.2.2
///
/// Everything is in namespaces of its own; the machine's configuration is never touched. Calls block on the
/// kernel (some milliseconds per pod): not for the cooperative pool.
public final class LabNetwork: Sendable {
    /// What every name of a lab's namespace starts with, unless a test chooses another.
    public static let defaultPrefix = "vibrissa-lab"
    /// The node's interface towards the internet.
    public static let uplinkInterface = "uplink0"

    /// A pod and where it is wired.
    struct Wire: Hashable {
        let pod: ResourceName
        let addresses: [IPAddress]
        let namespace: String
        let interface: String
    }

    private struct State {
        var node: NetworkNamespace?
        var configurator: LinkConfigurator?
        var wires: [ResourceName: Wire] = [:]
        /// Identity of each wired pod's namespace.
        var identities: [ResourceName: UInt64] = [:]
    }

    private let prefix: String
    private let hosts: [InternetHost]
    private let state = Mutex(State())

    public init(prefix: String = LabNetwork.defaultPrefix, hosts: [InternetHost] = InternetHost.shop) {
        self.prefix = prefix
        self.hosts = hosts
    }

    // MARK: Names

    /// The node's interface of a pod: `cali` and 11 hexadecimal digits, as Calico names them.
    public static func interfaceName(for pod: ResourceName) -> String {
        "cali" + StableHash.hexadecimal(pod.description, digits: 11)
    }

    /// Names below /run/netns.
    public var nodeNamespaceName: String { "\(prefix)-node" }
    public var internetNamespaceName: String { "\(prefix)-internet" }
    public func podNamespaceName(_ pod: ResourceName) -> String {
        "\(prefix)-pod-" + StableHash.hexadecimal(pod.description, digits: 11)
    }

    /// The node's namespace, for a data plane to work in; nil before `bringUp` and after `tearDown`.
    public var nodeNamespace: NetworkNamespace? { state.withLock { $0.node } }

    /// A number that differs from any earlier one when the pod was wired anew; nil when it is not wired.
    func incarnation(of pod: ResourceName) -> UInt64? { state.withLock { $0.identities[pod] } }

    // MARK: Life

    /// Creates the node and the internet. Call `cleanUpLeftovers` before.
    public func bringUp() throws {
        try state.withLock { state in
            do {
                let node = try NetworkNamespace.create(nodeNamespaceName)
                let internet = try NetworkNamespace.create(internetNamespaceName)
                try node.perform { try LabSettings.applyToNode() }
                try internet.perform { try LabSettings.applyToInternet() }
                let configurator = try LinkConfigurator.open(in: node)
                try LabWiring.connectInternet(
                    node: configurator, internet: internet, uplink: Self.uplinkInterface, hosts: hosts)
                state.node = node
                state.configurator = configurator
            } catch {
                removeNamespaces(&state)
                throw error
            }
        }
    }

    /// Wires pods that are new, unwires those that are gone, rewires those whose address changed. Goes on
    /// after a failure; returns what failed, by pod.
    public func reconcile(pods: [LabPod]) -> [ResourceName: any Error] {
        state.withLock { state in
            var failures: [ResourceName: any Error] = [:]
            guard let node = state.node, let configurator = state.configurator else {
                let error = LabError(
                    operation: "wire pods", message: "the node does not exist", hint: "call bringUp first")
                return Dictionary(uniqueKeysWithValues: pods.map { ($0.name, error) })
            }
            let wanted = Dictionary(uniqueKeysWithValues: pods.map { ($0.name, wire(for: $0)) })
            for wire in state.wires.values.sorted(by: { $0.pod < $1.pod }) where wanted[wire.pod] != wire {
                failures[wire.pod] = disconnect(wire, configurator)
                state.wires[wire.pod] = nil
                state.identities[wire.pod] = nil
            }
            for wire in wanted.values.sorted(by: { $0.pod < $1.pod }) where state.wires[wire.pod] == nil {
                do {
                    let pod = try LabWiring.connect(wire, node: node, configurator: configurator)
                    state.identities[wire.pod] = pod.identity.inode
                    state.wires[wire.pod] = wire
                } catch {
                    // Half a pod is worse than none; the first error is the one that tells.
                    _ = disconnect(wire, configurator)
                    failures[wire.pod] = error
                }
            }
            return failures
        }
    }

    private func wire(for pod: LabPod) -> Wire {
        Wire(
            pod: pod.name, addresses: pod.addresses, namespace: podNamespaceName(pod.name),
            interface: Self.interfaceName(for: pod.name))
    }

    /// The link goes first: the namespace may outlive its name in a process that is still ending.
    private func disconnect(_ wire: Wire, _ configurator: LinkConfigurator) -> (any Error)? {
        var failure: (any Error)?
        do throws(KernelError) {
            try configurator.deleteLink(wire.interface)
        } catch  where error.code == .notFound {
            // Never created, or gone with its peer.
        } catch {
            failure = error
        }
        do throws(KernelError) {
            if NetworkNamespace.exists(wire.namespace) { try NetworkNamespace.delete(wire.namespace) }
        } catch {
            failure = failure ?? error
        }
        return failure
    }

    /// Removes everything. Returns what could not be removed; the next start tries again.
    @discardableResult
    public func tearDown() -> [any Error] { state.withLock { removeNamespaces(&$0) } }

    @discardableResult
    private func removeNamespaces(_ state: inout State) -> [any Error] {
        state = State()
        var failures: [any Error] = []
        do throws(KernelError) {
            for name in try NetworkNamespace.list(prefix: prefix + "-") {
                do throws(KernelError) {
                    try NetworkNamespace.delete(name)
                } catch {
                    failures.append(error)
                }
            }
        } catch {
            failures.append(error)
        }
        return failures
    }
}
