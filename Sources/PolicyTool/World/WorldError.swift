// SPDX-License-Identifier: Apache-2.0

/// Why a world could not be read at all.
public struct WorldError: Error, Sendable, CustomStringConvertible {
    /// What was attempted, on what, why it failed, what to try; escaped.
    public let description: String

    public init(_ description: String) { self.description = description }
}
