// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Reads addresses, names and ports.
enum NetworkText {
    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" { return true }
        var (four, six) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        guard inet_pton(AF_INET6, host, &six) == 1 else { return false }
        return withUnsafeBytes(of: &six) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
    }

    /// 0 to 65535, digits only.
    static func port(_ text: some StringProtocol) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text).flatMap { $0 <= 65_535 ? $0 : nil }
    }

    /// A DNS name or IP address; IPv6 with or without brackets.
    static func host(_ text: some StringProtocol) -> String? {
        var host = String(text)
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard isIPv6(host) else { return nil }
            return host
        }
        if host.contains(":") { return isIPv6(host) ? host : nil }
        guard (1...253).contains(host.utf8.count) else { return nil }
        let isSound = host.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || [0x2d, 0x2e, 0x5f].contains($0)
        }
        return isSound && !host.hasPrefix("-") && !host.hasPrefix(".") ? host : nil
    }

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }

    /// `HOST:PORT`; the colon of the port is the last one, and an IPv6 address before it needs brackets.
    static func split(_ text: String) -> (host: Substring, port: Substring)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let host = text[..<colon]
        guard !host.contains(":") || host.hasPrefix("[") && host.hasSuffix("]") else { return nil }
        return (host, text[text.index(after: colon)...])
    }

    /// `HOST:PORT`, `:PORT` for all addresses, `PORT` for the usual ones.
    static func listenAddress(_ text: String) -> ListenAddress? {
        if let port = port(text) { return ListenAddress(host: nil, port: port) }
        guard let (host, portText) = split(text), let port = port(portText) else { return nil }
        if host.isEmpty || host == "*" { return ListenAddress(host: "", port: port) }
        return Self.host(host).map { ListenAddress(host: $0, port: port) }
    }

    /// `HOST:PORT` or `HOST` with the usual port.
    static func hostAndPort(_ text: String, usualPort: Int) -> HostAndPort? {
        if let (hostText, portText) = split(text) {
            guard let host = host(hostText), let port = port(portText), port > 0 else { return nil }
            return HostAndPort(host: host, port: port)
        }
        return host(text).map { HostAndPort(host: $0, port: usualPort) }
    }

    /// `http://HOST[:PORT][/PATH]` or `https`, without user, fragment, spaces or control characters.
    static func pushURL(_ text: String) -> PushURL? {
        let isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://"), text.utf8.count <= 2_048 else { return nil }
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !text.contains("#") else { return nil }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@"),
            let target = hostAndPort(String(authority), usualPort: isSecure ? 443 : 80)
        else { return nil }
        return PushURL(text: text, isSecure: isSecure, host: target.host, port: target.port)
    }
}
