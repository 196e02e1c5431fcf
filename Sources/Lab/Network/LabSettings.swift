// SPDX-License-Identifier: Apache-2.0

internal import LinuxKernel

/// Kernel settings of the lab's namespaces. Each function sets those of the calling thread's namespace.
enum LabSettings {
    static func applyToNode() throws(KernelError) {
        try apply([
            ("net.ipv4.ip_forward", "1"),
            ("net.ipv6.conf.all.disable_ipv6", "0"), ("net.ipv6.conf.default.disable_ipv6", "0"),
            ("net.ipv6.conf.all.forwarding", "1"),
            // Strict reverse path check: a pod cannot send from another's address.
            ("net.ipv4.conf.all.rp_filter", "1"), ("net.ipv4.conf.default.rp_filter", "1"),
            ("net.ipv4.conf.all.send_redirects", "0"), ("net.ipv4.conf.default.send_redirects", "0"),
            ("net.ipv6.conf.default.accept_dad", "0"), ("net.ipv6.conf.default.accept_ra", "0"),
        ])
    }

    /// The node's end of a pod's veth pair, before it is brought up.
    static func applyToPodInterface(_ interface: String) throws(KernelError) {
        try apply([
            // The node answers for 169.254.1.1 and everything else behind it, without the default random
            // delay.
            ("net.ipv4.conf.\(interface).proxy_arp", "1"),
            ("net.ipv4.neigh.\(interface).proxy_delay", "0"),
            ("net.ipv6.conf.\(interface).proxy_ndp", "1"),
            ("net.ipv6.conf.\(interface).accept_ra", "0"),
        ])
    }

    static func applyToPod() throws(KernelError) {
        try apply(hostSettings)
        // Workloads are unprivileged, and serve ports such as 53 and 443 or send echo requests.
        try apply([
            ("net.ipv4.ip_unprivileged_port_start", "0"), ("net.ipv4.ping_group_range", "0 2147483647"),
        ])
    }

    static func applyToInternet() throws(KernelError) {
        try applyToPod()
        try apply([("net.ipv4.ip_forward", "0"), ("net.ipv6.conf.all.forwarding", "0")])
    }

    private static let hostSettings = [
        ("net.ipv6.conf.all.disable_ipv6", "0"), ("net.ipv6.conf.default.disable_ipv6", "0"),
        ("net.ipv6.conf.default.accept_dad", "0"), ("net.ipv6.conf.default.accept_ra", "0"),
    ]

    private static func apply(_ settings: [(name: String, value: String)]) throws(KernelError) {
        for setting in settings { try Sysctl.write(setting.name, setting.value) }
    }
}
