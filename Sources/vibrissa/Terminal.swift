// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging

/// Plain output to standard output and standard error, flushed at once so that a reader of a pipe sees it.
enum Terminal {
    static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

    static func write(error text: String) { write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            // A reader that went away is not worth dying for; there is nobody left to tell.
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}

/// Log lines on standard error: `15:04:05 notice policy in force  generation=3 chains=2`.
struct TerminalLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(level: Logger.Level) { logLevel = level }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let pairs = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(Self.escaped("\($0.value)"))" }
        let tail = pairs.isEmpty ? "" : "  " + pairs.joined(separator: " ")
        Terminal.write(
            error: "\(Self.timeOfDay()) \(event.level) \(Self.escaped("\(event.message)"))\(tail)\n")
    }

    /// Names from outside may hold control characters; a terminal must not act on them.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            let isBidi = (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            result += isControl || isBidi ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        return result
    }

    private static func timeOfDay() -> String {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }
}
