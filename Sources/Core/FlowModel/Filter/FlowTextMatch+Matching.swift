// SPDX-License-Identifier: Apache-2.0

extension FlowTextMatch {
    /// Whether a text fits, byte by byte.
    public func holds(_ text: String) -> Bool {
        var (text, value) = (text, value)
        return text.withUTF8 { text in
            value.withUTF8 { value in
                switch kind {
                case .equals: text.count == value.count && text.elementsEqual(value)
                case .hasPrefix: text.starts(with: value)
                case .hasSuffix: text.reversed().starts(with: value.reversed())
                case .contains: Self.contains(text, value)
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

    /// Whether a label, `key=value`, has a key and, when a match is given, a fitting value.
    public static func label(_ label: String, has key: String, _ match: FlowTextMatch?) -> Bool {
        let (text, key) = (label.utf8, key.utf8)
        guard text.starts(with: key) else { return false }
        let rest = text.dropFirst(key.count)
        guard let separator = rest.first else { return match == nil }
        guard separator == UInt8(ascii: "=") else { return false }
        return match?.holds(String(Substring(rest.dropFirst()))) ?? true
    }
}

extension FlowTextField {
    /// Another text that a stored one answers to (flow API 2.6).
    public func alias(of stored: String) -> String? {
        switch self {
        case .sourceName, .destinationName:
            stored == "pub" ? "PUBLIC NETWORK" : stored == "pvt" ? "PRIVATE NETWORK" : nil
        case .sourceNamespace, .destinationNamespace: stored == "Global" ? "-" : nil
        case .serviceName, .serviceNamespace, .servicePortName, .transport: nil
        }
    }
}
