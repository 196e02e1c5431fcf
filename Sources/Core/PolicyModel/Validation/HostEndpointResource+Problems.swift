// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

extension HostEndpointResource {
    /// Longest interface name, in bytes (linux/if.h: IFNAMSIZ less the final zero).
    public static let maximumInterfaceNameLength = 15

    /// Everything that makes Calico's API refuse the host endpoint (policy semantics 1.2, 1.9), beyond what the types
    /// already exclude. That it needs an interface or an address is left to the reader, which knows whether addresses
    /// were dropped. Field paths are those of the API object; no locations.
    public func problems() -> [Diagnostic] {
        var list = ProblemList(resource: "HostEndpoint \(name)")
        list.checkName(name, .subdomain)
        if node.isEmpty {
            list.error(
                "spec.node", "a host endpoint needs the name of its node",
                try: "add 'node:' with the name of the Node object")
        } else {
            list.checkName(node, .subdomain, field: "spec.node")
        }
        checkInterface(&list)
        list.checkUnique(expectedAddresses, "spec.expectedIPs") { "\($0)" }
        for (index, profile) in profiles.enumerated() {
            list.checkName(profile, .subdomain, field: "spec.profiles[\(index)]")
        }
        for (index, port) in ports.enumerated() {
            list.checkName(port.name, .portName, field: "spec.ports[\(index)].name")
            if !port.transport.hasPolicyPorts {
                list.error(
                    "spec.ports[\(index)].protocol",
                    "the protocol \(port.transport.policyName) has no ports", try: "use TCP, UDP or SCTP")
            }
            if port.port == 0 {
                list.error("spec.ports[\(index)].port", "0 is no port: expected a number from 1 to 65535")
            }
        }
        return list.diagnostics
    }

    private func checkInterface(_ list: inout ProblemList) {
        guard !interfaceName.isEmpty, interfaceName != Self.everyInterface else { return }
        let shown = interfaceName.quotedForMessage
        if interfaceName.utf8.count > Self.maximumInterfaceNameLength {
            list.error(
                "spec.interfaceName",
                "the interface name \(shown) is longer than \(Self.maximumInterfaceNameLength) characters")
        }
        let isPlain = interfaceName.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || "0123456789_.-".unicodeScalars.contains(scalar))
        }
        if !isPlain {
            list.error(
                "spec.interfaceName",
                "the interface name \(shown) may only contain letters, digits, '_', '.' and '-'",
                try: "name one interface, or write \"*\" for every interface")
        }
    }
}
