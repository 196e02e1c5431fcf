// SPDX-License-Identifier: Apache-2.0

import Testing

/// Checks that XML text is well-formed as far as our reports need it, and counts its elements.
struct XMLCounter {
    private(set) var counts: [String: Int] = [:]
    private(set) var isWellFormed = true

    init(_ text: String) {
        var open: [String] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "<") {
            check(content: rest[..<start])
            guard let end = rest[start...].firstIndex(of: ">") else {
                isWellFormed = false
                return
            }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("?") { continue }
            if tag.hasPrefix("/") {
                if open.popLast() != String(tag.dropFirst()) { isWellFormed = false }
                continue
            }
            let name = String(tag.prefix { $0 != " " && $0 != "/" })
            counts[name, default: 0] += 1
            check(content: tag.dropFirst(name.count))
            if tag.split(separator: "\"", omittingEmptySubsequences: false).count % 2 == 0 {
                isWellFormed = false
            }
            if !tag.hasSuffix("/") { open.append(name) }
        }
        if !open.isEmpty { isWellFormed = false }
    }

    /// Ampersands must begin one of the entities that we write.
    private mutating func check(content: Substring) {
        for piece in content.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
            if !["amp;", "lt;", "gt;", "quot;"].contains(where: piece.hasPrefix) { isWellFormed = false }
        }
        if content.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" }) { isWellFormed = false }
    }
}
