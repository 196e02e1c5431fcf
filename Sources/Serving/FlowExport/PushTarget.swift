// SPDX-License-Identifier: Apache-2.0

/// Where to push to: a URL in its parts.
///
/// The HTTP library checks a certificate against the host of the URL. A receiver with another name in its
/// certificate is reached by putting that name in the URL and having it resolved to the real host; the `Host`
/// header stays that of the URL as it was given.
struct PushTarget: Hashable, Sendable {
    let isSecure: Bool
    /// For the `Host` header: host, and port if it was given.
    let authority: String
    /// To ask for.
    let requestURL: String
    /// `name` stands in `requestURL` and is to be resolved as `host`.
    let nameOverride: NameOverride?
    /// For messages: without the query, which may hold a secret.
    let display: String

    struct NameOverride: Hashable, Sendable {
        let name: String
        /// Without brackets.
        let host: String
    }

    /// Nil when the URL has another scheme or no host, holds a user, a fragment or anything but printable
    /// ASCII.
    init?(url: String, serverName: String?) {
        isSecure = url.hasPrefix("https://")
        guard isSecure || url.hasPrefix("http://"), !url.contains("#"),
            url.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        let scheme = isSecure ? "https://" : "http://"
        let rest = url.dropFirst(scheme.count)
        authority = String(rest.prefix { $0 != "/" && $0 != "?" })
        guard let (host, port) = Self.split(authority) else { return nil }
        let path = rest.dropFirst(authority.count)
        display = scheme + authority + path.prefix { $0 != "?" }
        guard isSecure, let name = serverName?.lowercased(), name != host.lowercased() else {
            nameOverride = nil
            requestURL = url
            return
        }
        nameOverride = NameOverride(name: name, host: host)
        requestURL = "\(scheme)\(name)\(port)\(path)"
    }

    /// Host without brackets, and port with its colon or nothing.
    private static func split(_ authority: String) -> (host: String, port: String)? {
        let host: Substring
        var port: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            port = authority[authority.index(after: end)...]
        } else {
            host = authority.prefix { $0 != ":" }
            port = authority.dropFirst(host.count)
        }
        guard !host.isEmpty, !authority.contains("@") else { return nil }
        if port == ":" { port = "" }
        guard port.isEmpty || (port.first == ":" && UInt16(port.dropFirst()).map { $0 > 0 } ?? false) else {
            return nil
        }
        return (String(host), String(port))
    }
}
