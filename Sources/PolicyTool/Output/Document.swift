// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Yams

/// The structured forms of an answer: the same value as JSON and as YAML.
public enum Document {
    /// Sorted keys, two spaces, a line feed at the end.
    public static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }

    /// Sorted keys, a line feed at the end. Control characters are escaped by the encoder.
    public static func yaml(_ value: some Encodable) throws -> String {
        let encoder = YAMLEncoder()
        encoder.options.sortKeys = true
        encoder.options.width = -1
        return try encoder.encode(value)
    }
}
