// SPDX-License-Identifier: Apache-2.0

/// Bounds on what is read from one manifest file. Whatever goes past one is refused with a message that says
/// so.
public struct ManifestLimits: Sendable, Hashable {
    public var fileBytes = 1024 * 1024
    public var documentsPerFile = 1000
    /// Nesting of objects and lists.
    public var depth = 64
    /// Values in one file after every alias has been replaced by what it stands for.
    public var nodesPerFile = 100_000

    public init() {}
}
