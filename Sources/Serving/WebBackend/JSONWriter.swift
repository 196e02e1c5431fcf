// SPDX-License-Identifier: Apache-2.0

import NetworkModel

/// Writes JSON text byte by byte, commas included. The caller keeps objects and arrays balanced.
///
/// Control characters, U+007F to U+009F, U+2028 and U+2029 are escaped, so a document is always one line, in
/// a terminal and in JavaScript too. Swift strings are valid Unicode, so the output is valid UTF-8.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    init(capacity: Int = 1_024) { bytes.reserveCapacity(capacity) }

    mutating func beginObject() { open(UInt8(ascii: "{")) }
    mutating func endObject() { close(UInt8(ascii: "}")) }
    mutating func beginArray() { open(UInt8(ascii: "[")) }
    mutating func endArray() { close(UInt8(ascii: "]")) }

    /// A member's name; its value comes next. The name is ours and needs no escapes.
    mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { escape($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func integer(_ value: some FixedWidthInteger) {
        separate()
        appendDigits(value)
    }

    /// The shortest text that gives the value back; whole numbers without a fraction; null when not finite.
    mutating func number(_ value: Double) {
        guard value.isFinite else { return null() }
        if let whole = Int64(exactly: value) { return integer(whole) }
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// A complete value that was written elsewhere.
    mutating func raw(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// JSON bodies end with a newline.
    mutating func endLine() { bytes.append(UInt8(ascii: "\n")) }

    private mutating func open(_ byte: UInt8) {
        separate()
        bytes.append(byte)
        needsComma = false
    }

    private mutating func close(_ byte: UInt8) {
        bytes.append(byte)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func appendDigits(_ value: some FixedWidthInteger) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var magnitude = UInt64(value.magnitude)
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(magnitude % 10))
            magnitude /= 10
        } while magnitude > 0
        bytes[start...].reverse()
    }
}

// MARK: - Escapes

extension JSONWriter {
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        var copied = 0
        var index = 0
        while index < text.count {
            guard let (length, scalar) = Self.special(text, at: index) else {
                index += 1
                continue
            }
            bytes.append(contentsOf: text[copied..<index])
            appendEscape(scalar)
            index += length
            copied = index
        }
        bytes.append(contentsOf: text[copied..<text.count])
    }

    /// The character that starts here, when it must be escaped. The text is valid UTF-8.
    private static func special(
        _ text: UnsafeBufferPointer<UInt8>, at index: Int
    ) -> (length: Int, scalar: UInt16)? {
        let byte = text[index]
        switch byte {
        case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x7f: return (1, UInt16(byte))
        case 0xc2 where text[index + 1] < 0xa0: return (2, UInt16(text[index + 1]))
        case 0xe2 where text[index + 1] == 0x80 && (text[index + 2] == 0xa8 || text[index + 2] == 0xa9):
            return (3, 0x2000 | UInt16(text[index + 2] & 0x3f))
        default: return nil
        }
    }

    private mutating func appendEscape(_ scalar: UInt16) {
        bytes.append(UInt8(ascii: "\\"))
        switch scalar {
        case 0x22, 0x5c: bytes.append(UInt8(scalar))
        case 0x0a: bytes.append(UInt8(ascii: "n"))
        case 0x0d: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append(UInt8(ascii: "u"))
            for shift in [12, 8, 4, 0] {
                let digit = UInt8(scalar >> UInt16(shift) & 0xf)
                bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }
}

// MARK: - Times

extension JSONWriter {
    /// RFC 3339 in UTC, whole seconds: `2026-01-02T03:04:15Z`.
    mutating func time(seconds: Int64) { time(seconds, milliseconds: nil) }

    /// RFC 3339 in UTC with milliseconds: `2026-01-02T03:04:15.250Z`.
    mutating func time(_ time: Timestamp) {
        let seconds = time.seconds
        self.time(seconds, milliseconds: (time.nanoseconds - seconds * 1_000_000_000) / 1_000_000)
    }

    private mutating func time(_ seconds: Int64, milliseconds: Int64?) {
        let secondOfDay = (seconds % 86_400 + 86_400) % 86_400
        let (year, month, day) = Self.date(daysSinceEpoch: (seconds - secondOfDay) / 86_400)
        separate()
        bytes.append(UInt8(ascii: "\""))
        padded(year, 4, before: "-")
        padded(month, 2, before: "-")
        padded(day, 2, before: "T")
        padded(secondOfDay / 3_600, 2, before: ":")
        padded(secondOfDay / 60 % 60, 2, before: ":")
        padded(secondOfDay % 60, 2, before: milliseconds == nil ? "Z" : ".")
        if let milliseconds { padded(milliseconds, 3, before: "Z") }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func padded(_ value: Int64, _ width: Int, before separator: Unicode.Scalar) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
        bytes.append(UInt8(ascii: separator))
    }

    /// The Gregorian date, by counting in eras of 400 years that begin on 1 March (146,097 days each).
    private static func date(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = daysSinceEpoch + 719_468  // from 0000-03-01
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
