// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// A machine outside the cluster: a workload in the lab's internet, with addresses that RFC 5737 and RFC 3849
/// set aside for documentation.
public struct InternetHost: Hashable, Sendable {
    /// What logs call it; unique.
    public var name: String
    /// Its public DNS name, at least three labels; empty when it has none.
    public var domain: String
    public var addresses: [IPAddress]
    /// Options as a pod manifest's arguments would give them.
    public var arguments: [String]

    public init(name: String, domain: String = "", addresses: [IPAddress], arguments: [String]) {
        self.name = name
        self.domain = domain
        self.addresses = addresses
        self.arguments = arguments
    }

    /// The hosts around the shop. A host whose text does not parse would be missing, which a test rules out.
    public static let shop: [InternetHost] = [
        host(
            "payments", "api.payments.example", "203.0.113.10", "2001:db8:aa::10", ["--serve", "http:443"]),
        host(
            "backup-storage", "storage.backups.example", "198.51.100.60", "2001:db8:bb::60",
            ["--serve", "tcp:443"]),
        host("website", "www.partner.example", "203.0.113.80", "2001:db8:cc::80", ["--serve", "http:443"]),
        host(
            "customers", "", "198.51.100.23", "2001:db8:c::23",
            [
                "--call", "http://198.51.100.80:80/ every=2s", "--call",
                "http://[2001:db8:80::80]:80/ every=3s",
            ]),
        // Tries the administration port that the shop's Service exposes by mistake.
        host(
            "crawler", "", "198.51.100.200", "2001:db8:c::200",
            ["--call", "http://198.51.100.80:9090/ every=7s"]),
        // Nobody's partner, in no network set: where the supply-chain story's malware reports to.
        host("unknown", "", "203.0.113.66", "2001:db8:66::66", ["--serve", "http:443"]),
    ].compactMap { $0 }

    private static func host(
        _ name: String, _ domain: String, _ v4: String, _ v6: String, _ arguments: [String]
    ) -> InternetHost? {
        guard let v4 = IPAddress(v4), let v6 = IPAddress(v6) else { return nil }
        return InternetHost(name: name, domain: domain, addresses: [v4, v6], arguments: arguments)
    }
}
