// SPDX-License-Identifier: Apache-2.0

/// Why a document could not be read as YAML, and where. Lines and columns count from 1.
public struct ManifestSyntaxError: Error, Sendable, Hashable {
    public let line: Int
    public let column: Int
    public let message: String
    /// What to try; empty when the message says it all.
    public let suggestion: String

    public init(line: Int, column: Int = 1, _ message: String, try suggestion: String = "") {
        self.line = line
        self.column = column
        self.message = message
        self.suggestion = suggestion
    }
}
