// SPDX-License-Identifier: Apache-2.0

/// What is kept over restarts: the end of the newest block that has been dealt with, as Unix seconds in
/// decimal, and a newline.
///
/// One number says it all because blocks are dealt with strictly in order: a newer one is not begun before
/// the older one was taken or given up.
struct EmissionProgress: Hashable, Sendable {
    /// Bound of the file.
    static let maximumBytes = 64

    var doneSeconds: Int64

    init(doneSeconds: Int64) { self.doneSeconds = doneSeconds }

    /// Nil for anything but 1 to 18 digits, with blanks and line ends around them.
    init?(_ bytes: [UInt8]) {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0a, 0x0d]
        let text = bytes.drop { blanks.contains($0) }
        let digits = text.prefix { !blanks.contains($0) }
        guard text[digits.endIndex...].allSatisfy(blanks.contains), (1...18).contains(digits.count) else {
            return nil
        }
        doneSeconds = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            doneSeconds = doneSeconds * 10 + Int64(digit - UInt8(ascii: "0"))
        }
    }

    var bytes: [UInt8] { Array("\(doneSeconds)\n".utf8) }
}
