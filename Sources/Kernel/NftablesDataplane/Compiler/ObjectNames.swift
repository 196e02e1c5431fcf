// SPDX-License-Identifier: Apache-2.0

/// Gives kernel objects names that depend on nothing but their content, so that equal content is one object
/// and a changed one is another.
///
/// FNV-1a is not collision-resistant and policy names come from outside, so every name remembers its content;
/// a second content with the same name is hashed again with a different start.
struct ObjectNames {
    private var contentByName: [String: String] = [:]

    /// `prefix` and 16 hexadecimal digits. `isNew` is false when this content has been named before.
    mutating func name(_ prefix: String, for content: String) -> (name: String, isNew: Bool) {
        var salt: UInt64 = 0
        while true {
            let name = prefix + Self.hexadecimal(Self.hash(content, salt: salt))
            guard let known = contentByName[name] else {
                contentByName[name] = content
                return (name, true)
            }
            if known == content { return (name, false) }
            salt += 1
        }
    }

    /// FNV-1a, 64 bits (draft-eastlake-fnv).
    static func hash(_ text: String, salt: UInt64 = 0) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325 ^ salt) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Text as it may stand between double quotes in nft's language and in the kernel's comment fields:
    /// printable ASCII, at most 120 bytes (libnftnl allows 128). `"` becomes `'`; `\`, `$`, `*` and all else
    /// become `?`.
    static func comment(_ text: String) -> String {
        let safe = text.unicodeScalars.prefix(120).map { scalar -> Character in
            if scalar == "\"" { return "'" }
            let isPlain = (0x20...0x7e).contains(scalar.value) && !"\\$*".unicodeScalars.contains(scalar)
            return isPlain ? Character(scalar) : "?"
        }
        return String(safe)
    }
}
