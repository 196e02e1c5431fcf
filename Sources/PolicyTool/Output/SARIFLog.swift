// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

/// Findings in SARIF 2.1.0, the form that code scanning reads.
public struct SARIFLog: Encodable, Sendable {
    /// What a finding is an instance of.
    public struct Rule: Encodable, Sendable {
        let id: String
        let shortDescription: Message
        let help: Message?

        public init(id: String, summary: String, help: String? = nil) {
            self.id = id
            shortDescription = Message(text: summary)
            self.help = help.map { Message(text: $0) }
        }
    }

    public struct Result: Encodable, Sendable {
        let ruleId: String
        let level: String
        let message: Message
        let locations: [Location]

        /// `level` is `error`, `warning` or `note`.
        public init(ruleID: String, level: String, message: String, location: SourceLocation?) {
            ruleId = ruleID
            self.level = level
            self.message = Message(text: message)
            locations = location.map { [Location($0)] } ?? []
        }
    }

    public struct Message: Encodable, Sendable {
        let text: String
    }

    struct Location: Encodable, Sendable {
        let physicalLocation: PhysicalLocation

        init(_ location: SourceLocation) {
            let column = location.column > 0 ? location.column : nil
            physicalLocation = PhysicalLocation(
                artifactLocation: ArtifactLocation(uri: Self.uri(location.file)),
                region: location.line > 0 ? Region(startLine: location.line, startColumn: column) : nil)
        }

        /// A relative reference (RFC 3986) with everything but unreserved characters and `/` percent-encoded.
        private static func uri(_ path: String) -> String {
            path.utf8.reduce(into: "") { text, byte in
                let scalar = Unicode.Scalar(byte)
                let isPlain =
                    "/-._~".unicodeScalars.contains(scalar) || (byte < 0x80 && Character(scalar).isLetter)
                    || Character(scalar).isWholeNumber && byte < 0x80
                let hex = String(byte, radix: 16, uppercase: true)
                text += isPlain ? String(scalar) : "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
    }

    struct PhysicalLocation: Encodable, Sendable {
        let artifactLocation: ArtifactLocation
        let region: Region?
    }

    struct ArtifactLocation: Encodable, Sendable {
        let uri: String
    }

    struct Region: Encodable, Sendable {
        let startLine: Int
        let startColumn: Int?
    }

    struct Run: Encodable, Sendable {
        let tool: Tool
        let columnKind: String
        let results: [Result]
    }

    struct Tool: Encodable, Sendable {
        let driver: Driver
    }

    struct Driver: Encodable, Sendable {
        let name: String
        let rules: [Rule]
    }

    enum CodingKeys: String, CodingKey {
        case schema = "$schema"
        case version, runs
    }

    let schema = "https://json.schemastore.org/sarif-2.1.0.json"
    let version = "2.1.0"
    let runs: [Run]

    /// Every result's rule must be among `rules`.
    public init(rules: [Rule], results: [Result]) {
        let tool = Tool(driver: Driver(name: "vibrissa", rules: rules))
        runs = [Run(tool: tool, columnKind: "unicodeCodePoints", results: results)]
    }
}
