// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials

/// Whether a switch file, `{"emitFlows": true}`, asks for emission. Only an object that says so does.
enum EmissionSwitch: Hashable, Sendable {
    case on
    /// The file says no, or nothing about it.
    case off
    /// The file is missing or no such object, which counts as off; with the reason.
    case unusable(String)

    /// Bound of the file.
    static let maximumBytes = 65_536

    private struct Content: Decodable {
        var emitFlows: Bool?
    }

    /// Reads a file's content: one JSON object of any members.
    init(_ bytes: [UInt8]) {
        guard bytes.count <= Self.maximumBytes else {
            self = .unusable("it is larger than \(Self.maximumBytes) bytes")
            return
        }
        do {
            let content = try JSONDecoder().decode(Content.self, from: Data(bytes))
            self = content.emitFlows == true ? .on : .off
        } catch DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty {
            self = .unusable("emitFlows is neither true nor false")
        } catch {
            self = .unusable("it is no JSON object")
        }
    }
}
