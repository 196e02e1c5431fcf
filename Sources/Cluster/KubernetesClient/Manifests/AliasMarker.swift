// SPDX-License-Identifier: Apache-2.0

/// Hides YAML aliases from Yams, so that they are expanded under our own bounds.
///
/// Yams compares and hashes mapping keys, however deep their content; a few nested aliases inside a key make
/// that exponential ("billion laughs"). So every `*name` becomes a plain scalar that starts with a
/// private-use character; `NodeConverter` resolves those and puts the `*` back where it was only part of some
/// text. Columns do not move: the parser counts characters, and one character replaces another.
enum AliasMarker {
    /// The text without aliases, and the character that stands for `*` (nil: none was replaced).
    static func replacingAliases(in text: String) -> (text: String, marker: Unicode.Scalar?) {
        let star = UInt8(ascii: "*")
        let bytes = Array(text.utf8)
        let stars = bytes.indices.filter { index in
            bytes[index] == star && index + 1 < bytes.count && isNameByte(bytes[index + 1])
        }
        guard !stars.isEmpty else { return (text, nil) }
        let used = Set(text.unicodeScalars.lazy.filter { (0xe000...0xf8ff).contains($0.value) })
        guard
            let marker = (0xe000...0xf8ff).lazy.compactMap(Unicode.Scalar.init).first(where: {
                !used.contains($0)
            })
        else { return (text, nil) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 2 * stars.count)
        var position = 0
        for index in stars {
            result += bytes[position..<index]
            result += Array(String(marker).utf8)
            position = index + 1
        }
        result += bytes[position...]
        return (String(decoding: result, as: UTF8.self), marker)
    }

    /// The characters that libyaml accepts in the name of an anchor.
    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
