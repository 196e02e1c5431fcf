// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// Why a connection that a person named cannot be looked at: what was asked, why it cannot be, what to try.
struct ConnectionRequestError: Error, Hashable, CustomStringConvertible {
    /// Escaped.
    let description: String

    init(_ message: String) { description = message.escapedForMessage }
}
