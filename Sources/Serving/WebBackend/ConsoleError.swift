// SPDX-License-Identifier: Apache-2.0

/// Why the console cannot be served.
public struct ConsoleError: Error, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// The address is not one that is served.
        public static let addressRefused = Code("addressRefused")
        /// The operating system did not give the address or port.
        public static let cannotListen = Code("cannotListen")
        /// The files of the page are not there or not readable.
        public static let pageMissing = Code("pageMissing")
    }

    public let code: Code
    /// What was attempted: `listen`, `read`.
    public let operation: String
    /// On what: an address, a file.
    public let subject: String
    /// Why it failed and what to try.
    public let message: String
    public let cause: (any Error)?

    public init(code: Code, operation: String, subject: String, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.operation = operation
        self.subject = subject
        self.message = message
        self.cause = cause
    }

    public var description: String { "cannot \(operation) \(subject): \(message)" }
}
