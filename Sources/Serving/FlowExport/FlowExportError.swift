// SPDX-License-Identifier: Apache-2.0

/// What went wrong on the way of flows to their receiver.
public struct FlowExportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure. More may come.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        private init(_ description: String) { self.description = description }

        /// The address to send to is none.
        public static let badURL = Code("badURL")
        /// The receiver answered with another status than 200.
        public static let refused = Code("refused")
        /// There was no answer.
        public static let unreachable = Code("unreachable")
        /// The receiver was shut down.
        public static let closed = Code("closed")
        /// A file cannot be read or replaced.
        public static let file = Code("file")
        /// The source has no more room for those who follow it.
        public static let tooManyReaders = Code("tooManyReaders")
    }

    public let code: Code
    /// What was attempted: `send flows to`, `read`, `replace`, `follow`.
    public let operation: String
    /// On what: a URL without its query, or a path; escaped.
    public let subject: String
    /// Why it failed, and what to try; escaped.
    public let message: String

    init(_ code: Code, _ operation: String, _ subject: String, _ message: String) {
        self.code = code
        self.operation = operation
        self.subject = subject.printable(limit: 256)
        self.message = message.printable(limit: 384)
    }

    public var description: String { "cannot \(operation) \(subject): \(message)" }
}

extension String {
    /// Printable ASCII, everything else as `\u{…}`, cut at `limit` characters: what comes from outside must
    /// neither break a line of the log nor fill it.
    func printable(limit: Int) -> String {
        var result = ""
        for scalar in unicodeScalars {
            let isPlain = (0x20...0x7e).contains(scalar.value)
            let piece = isPlain ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
            guard result.utf8.count + piece.utf8.count <= limit else { return result + "..." }
            result += piece
        }
        return result
    }
}
