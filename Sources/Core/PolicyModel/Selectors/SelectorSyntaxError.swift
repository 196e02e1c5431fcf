// SPDX-License-Identifier: Apache-2.0

/// Why selector text was refused, and where.
public struct SelectorSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was wrong, as a phrase: "expected a quoted string after '=='".
    public let message: String
    /// Byte offset of the offending text in the selector, 0-based.
    public let offset: Int
    /// The offending text, at most 24 characters; empty at the end of the selector.
    public let offender: String

    public var description: String {
        offender.isEmpty
            ? "\(message), but the selector ends at column \(offset + 1)"
            : "\(message), found \"\(offender)\" at column \(offset + 1)"
    }
}
