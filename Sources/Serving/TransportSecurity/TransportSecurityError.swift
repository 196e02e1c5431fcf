// SPDX-License-Identifier: Apache-2.0

/// Why certificates cannot be read, used or made.
public struct TransportSecurityError: Error, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// A file that was named is not there.
        public static let missingFile = Code("missingFile")
        /// A file is there and cannot be read, or is no regular file, or is larger than any such file may be.
        public static let unreadableFile = Code("unreadableFile")
        /// A file does not hold what it should in PEM form.
        public static let notPEM = Code("notPEM")
        /// The private key needs a passphrase.
        public static let encryptedKey = Code("encryptedKey")
        /// The private key belongs to another certificate.
        public static let keyMismatch = Code("keyMismatch")
        /// The file of authorities holds no certificate.
        public static let noAuthorities = Code("noAuthorities")
        /// A certificate is past its time.
        public static let expired = Code("expired")
        /// A certificate's time has not come.
        public static let notYetValid = Code("notYetValid")
        /// Files that are needed together are not all named.
        public static let incompleteFiles = Code("incompleteFiles")
        /// A cipher suite's name is not known here.
        public static let unknownCipherSuite = Code("unknownCipherSuite")
        /// The TLS library refuses what was read, for another reason.
        public static let refused = Code("refused")
        /// A name cannot stand in a certificate, or cannot name a file.
        public static let badName = Code("badName")
        /// A number of days is out of its range.
        public static let badValidity = Code("badValidity")
        /// A file is there already.
        public static let wouldOverwrite = Code("wouldOverwrite")
        /// A file or directory cannot be written.
        public static let cannotWrite = Code("cannotWrite")
    }

    public let code: Code
    /// What was attempted: `read`, `use`, `make`, `write`.
    public let operation: String
    /// On what: mostly a file's path, escaped.
    public let subject: String
    /// Why it failed, and what to try.
    public let message: String

    public init(_ code: Code, _ operation: String, _ subject: String, _ message: String) {
        self.code = code
        self.operation = operation
        self.subject = subject.escapedForMessage()
        self.message = message
    }

    public var description: String { "cannot \(operation) \(subject): \(message)" }
}

extension String {
    /// Printable ASCII only, with everything else as `\u{…}`, and at most `limit` characters of it.
    ///
    /// Names in certificates come from outside: none may move a cursor, break a line or pass for another.
    func escapedForMessage(limit: Int = 256) -> String {
        var result = ""
        for scalar in unicodeScalars {
            let isPlain = (0x20...0x7e).contains(scalar.value) && scalar != "\\"
            let piece = isPlain ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
            guard result.utf8.count + piece.utf8.count <= limit else { return result + "..." }
            result += piece
        }
        return result
    }
}
