// SPDX-License-Identifier: Apache-2.0

internal import Yams

/// One document of a file: its value, or why it has none.
public enum ManifestDocument: Sendable, Hashable {
    case value(ManifestValue)
    case failure(ManifestSyntaxError)
}

/// Reads the bytes of a YAML or JSON file into its documents. Documents without content are left out.
///
/// A file that is not text at all, or too large, is a single failure.
public struct ManifestParser: Sendable {
    public let limits: ManifestLimits

    public init(limits: ManifestLimits = ManifestLimits()) { self.limits = limits }

    /// The documents in the order of the text. Never throws: what cannot be read is a `failure` at its line.
    public func documents(in bytes: [UInt8]) -> [ManifestDocument] {
        var budget = limits.nodesPerFile
        do {
            return try ManifestText(bytes, limits: limits).documents.compactMap { parse($0, budget: &budget) }
        } catch {
            return [.failure(error)]
        }
    }

    private func parse(_ document: ManifestText.Document, budget: inout Int) -> ManifestDocument? {
        let source = AliasMarker.replacingAliases(in: document.text)
        let composed: (parser: Yams.Parser, root: Node)?
        do {
            composed = try compose(source.text)
        } catch {
            return .failure(YAMLFailure(error, document).syntaxError)
        }
        guard let composed else { return nil }
        var converter = NodeConverter(
            lineOffset: document.firstLine - 1, maximumDepth: limits.depth, budget: budget,
            marker: source.marker)
        defer { budget = converter.budget }
        do {
            // A node's anchor is a weak reference to an object that the parser owns.
            let value = try withExtendedLifetime(composed.parser) { () throws(ManifestSyntaxError) in
                try converter.convert(composed.root, depth: 0).value
            }
            return value.content == .null ? nil : .value(value)
        } catch {
            return .failure(error)
        }
    }

    private func compose(_ text: String) throws -> (parser: Yams.Parser, root: Node)? {
        // Yams hands libyaml a pointer into the string and uses it later. That is sound for strings on the
        // heap; strings of up to 15 bytes live in a register.
        let text = text.utf8.count > 32 ? text : text + "\n# padding to a heap string\n"
        let parser = try Yams.Parser(yaml: text, resolver: .basic, encoding: .utf8)
        return try parser.singleRoot().map { (parser, $0) }
    }
}
