// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

/// What came of one test.
public struct PolicyTestResult: Sendable, Hashable {
    public enum Status: String, Sendable, Hashable {
        case passed, failed
        /// The test could not be run.
        case unusable
    }

    /// One thing that is not as it should be.
    public struct Mismatch: Sendable, Hashable {
        /// `ingress verdict`, `egress trace`.
        public let subject: String
        public let expected: String
        public let actual: String

        public init(_ subject: String, expected: String, actual: String) {
            self.subject = subject
            self.expected = expected
            self.actual = actual
        }
    }

    /// The test as a person knows it.
    public let name: String
    /// What it is for; may be empty.
    public let purpose: String
    public let location: SourceLocation
    public let status: Status
    public let mismatches: [Mismatch]
    /// Why the outcome is what it is, in a sentence or two; only of tests that did not pass.
    public let explanation: String

    public init(
        name: String, purpose: String = "", location: SourceLocation, status: Status,
        mismatches: [Mismatch] = [],
        explanation: String = ""
    ) {
        self.name = name
        self.purpose = purpose
        self.location = location
        self.status = status
        self.mismatches = mismatches
        self.explanation = explanation
    }

    init(_ error: PolicyTestError, name: String) {
        self.init(name: name, location: error.location, status: .unusable, explanation: error.message)
    }
}
