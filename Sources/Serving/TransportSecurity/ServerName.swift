// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SwiftASN1
internal import X509

/// What a server is called in its certificate: a DNS name or an IP address.
enum ServerName: Hashable, Sendable {
    case dns(String)
    /// 4 or 16 bytes.
    case address([UInt8])

    /// Nil for what can be neither. A DNS name may begin with `*.`.
    init?(_ text: String) {
        if let bytes = Self.addressBytes(text) {
            self = .address(bytes)
        } else if Self.isDNSName(text) {
            self = .dns(text.lowercased())
        } else {
            return nil
        }
    }

    var dnsName: String? {
        guard case .dns(let name) = self else { return nil }
        return name
    }

    var generalName: GeneralName {
        switch self {
        case .dns(let name): .dnsName(name)
        case .address(let bytes): .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
        }
    }

    /// The name in a certificate; nil when it is of another kind.
    init?(_ name: GeneralName) {
        switch name {
        case .dnsName(let text): self = .dns(text)
        case .ipAddress(let octets) where [4, 16].contains(octets.bytes.count):
            self = .address(Array(octets.bytes))
        default: return nil
        }
    }

    var text: String {
        switch self {
        case .dns(let name): return name
        case .address(let bytes):
            var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            let family = bytes.count == 4 ? AF_INET : AF_INET6
            guard inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else {
                return bytes.hexadecimal
            }
            return String(
                decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// Labels of letters, digits and inner hyphens, at most 253 bytes; the last label is not a number.
    static func isDNSName(_ text: String) -> Bool {
        let rest = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
        guard !rest.isEmpty, text.utf8.count <= 253 else { return false }
        let labels = rest.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last, !last.allSatisfy(\.isNumber) else { return false }
        return labels.allSatisfy { label in
            let bytes = label.utf8
            return (1...63).contains(bytes.count) && bytes.first != 0x2d && bytes.last != 0x2d
                && label.unicodeScalars.allSatisfy {
                    $0.isASCII
                        && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "-")
                }
        }
    }

    private static func addressBytes(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes.prefix(4)) }
        if inet_pton(AF_INET6, text, &bytes) == 1 { return bytes }
        return nil
    }
}
