// SPDX-License-Identifier: Apache-2.0

import FlowModel

extension FlowTextMatch {
    /// Whether a stored text fits, byte by byte.
    func holds(_ stored: String) -> Bool {
        var (stored, value) = (stored, value)
        return stored.withUTF8 { stored in
            value.withUTF8 { value in
                switch kind {
                case .equals: stored.count == value.count && stored.elementsEqual(value)
                case .hasPrefix: stored.starts(with: value)
                case .hasSuffix: stored.reversed().starts(with: value.reversed())
                case .contains: Self.contains(stored, value)
                }
            }
        }
    }

    private static func contains(
        _ text: UnsafeBufferPointer<UInt8>, _ part: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard let first = part.first else { return true }
        guard part.count <= text.count else { return false }
        for start in 0...(text.count - part.count) where text[start] == first {
            var offset = 1
            while offset < part.count, text[start + offset] == part[offset] { offset += 1 }
            if offset == part.count { return true }
        }
        return false
    }
}

extension FlowTextField {
    /// Another text that a stored one answers to (flow API 2.6).
    func alias(of stored: String) -> String? {
        switch self {
        case .sourceName, .destinationName:
            stored == "pub" ? "PUBLIC NETWORK" : stored == "pvt" ? "PRIVATE NETWORK" : nil
        case .sourceNamespace, .destinationNamespace: stored == "Global" ? "-" : nil
        case .serviceName, .serviceNamespace, .servicePortName, .transport: nil
        }
    }
}

extension String {
    /// Whether this text, `key=value`, has a key and a fitting value.
    func isLabel(_ key: String, _ match: FlowTextMatch?) -> Bool {
        let (text, key) = (utf8, key.utf8)
        guard text.starts(with: key) else { return false }
        let rest = text.dropFirst(key.count)
        guard let separator = rest.first else { return match == nil }
        guard separator == UInt8(ascii: "=") else { return false }
        return match?.holds(String(Substring(rest.dropFirst()))) ?? true
    }
}
