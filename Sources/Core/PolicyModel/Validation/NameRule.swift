// SPDX-License-Identifier: Apache-2.0

/// What a name must look like (policy semantics 1.2; Kubernetes "Object Names and IDs").
public enum NameRule: Sendable, Hashable {
    /// At most 63 of `a-z 0-9 -`, a letter or digit at both ends.
    case label
    /// Labels joined by dots, at most 253 bytes.
    case subdomain
    /// Calico's namespaced policies: `label`, `label.label`, `knp.default.<subdomain>`,
    /// `ossg.default.<subdomain>`.
    case namespacedPolicy
    /// Calico's global policies: `label` or `label.label`.
    case globalPolicy
    /// `[prefix/]name`: a label's or annotation's key.
    case qualifiedName
    /// A label's value: empty, or at most 63 of `A-Z a-z 0-9 - _ .`, alphanumeric at both ends.
    case labelValue
    /// A named port: at most 15 of `a-z 0-9 -`, at least one letter, no `-` at an end or twice in a row.
    case portName

    /// Why `text` breaks the rule, as the end of a sentence that starts with the text; nil when it obeys.
    public func violation(in text: String) -> String? {
        switch self {
        case .label: Self.labelViolation(text[...])
        case .subdomain: Self.subdomainViolation(text)
        case .namespacedPolicy:
            ["knp.default.", "ossg.default."].first { text.hasPrefix($0) }
                .map { Self.subdomainViolation(String(text.dropFirst($0.utf8.count))) }
                ?? Self.policyViolation(text)
        case .globalPolicy: Self.policyViolation(text)
        case .qualifiedName: Self.qualifiedNameViolation(text)
        case .labelValue:
            text.isEmpty ? nil : Self.wordViolation(text[...])
        case .portName: Self.portNameViolation(text)
        }
    }

    private static func labelViolation(_ text: Substring) -> String? {
        if text.isEmpty { return "is empty" }
        if text.utf8.count > 63 { return "is longer than 63 characters" }
        return partViolation(text, allowed: "lower-case letters, digits and '-'")
    }

    private static func subdomainViolation(_ text: String) -> String? {
        if text.isEmpty { return "is empty" }
        if text.utf8.count > 253 { return "is longer than 253 characters" }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.lazy.compactMap { part in
            part.isEmpty
                ? "has an empty part beside a dot"
                : partViolation(part, allowed: "lower-case letters, digits, '-' and '.'")
        }.first
    }

    private static func partViolation(_ text: Substring, allowed: String) -> String? {
        guard text.utf8.allSatisfy({ isLower($0) || isDigit($0) || $0 == UInt8(ascii: "-") }) else {
            return "may only contain \(allowed)"
        }
        guard text.utf8.first != UInt8(ascii: "-"), text.utf8.last != UInt8(ascii: "-") else {
            return "must start and end with a letter or digit"
        }
        return nil
    }

    private static func policyViolation(_ text: String) -> String? {
        if text.utf8.count > 253 { return "is longer than 253 characters" }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count > 2 { return "has more than one dot" }
        return parts.lazy.compactMap { labelViolation($0) }.first
    }

    private static func qualifiedNameViolation(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count > 2 { return "has more than one '/'" }
        if parts.count == 2, let violation = subdomainViolation(String(parts[0])) {
            return "has a prefix that \(violation)"
        }
        guard let name = parts.last, !name.isEmpty else { return "has no name" }
        return wordViolation(name)
    }

    private static func wordViolation(_ text: Substring) -> String? {
        if text.utf8.count > 63 { return "is longer than 63 characters" }
        let punctuation = Array("-_.".utf8)
        guard text.utf8.allSatisfy({ isAlphanumeric($0) || punctuation.contains($0) }) else {
            return "may only contain letters, digits, '-', '_' and '.'"
        }
        guard let first = text.utf8.first, let last = text.utf8.last, isAlphanumeric(first),
            isAlphanumeric(last)
        else { return "must start and end with a letter or digit" }
        return nil
    }

    private static func portNameViolation(_ text: String) -> String? {
        if text.utf8.count > 15 { return "is longer than 15 characters" }
        if let violation = labelViolation(text[...]) { return violation }
        guard text.utf8.contains(where: isLower) else { return "must contain a letter" }
        return text.utf8.contains(bytes: "--".utf8) ? "must not contain '--'" : nil
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || isDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
