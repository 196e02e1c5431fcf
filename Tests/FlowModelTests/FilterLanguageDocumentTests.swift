// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import FlowModel

/// docs/reference/filter-language.md
private enum FilterPage {
    static let text: String = {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/reference/filter-language.md").standardizedFileURL
        return (try? String(contentsOf: page, encoding: .utf8)) ?? ""
    }()

    static let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)

    /// The lines of all fenced blocks of a kind.
    static func blocks(_ kind: String) -> [[String]] {
        var blocks: [[String]] = []
        var fence: String?
        for line in lines {
            if line.hasPrefix("```") {
                fence = fence == nil ? String(line.dropFirst(3)) : nil
                if fence == kind { blocks.append([]) }
            } else if fence == kind {
                blocks[blocks.count - 1].append(line)
            }
        }
        return blocks
    }

    /// The cells of the table rows below a heading, up to the next one; heads of tables left out.
    static func rows(below heading: String) -> [[String]] {
        guard let start = lines.firstIndex(of: heading) else { return [] }
        let section = lines[(start + 1)...].prefix { !$0.hasPrefix("#") }
        return zip(section, section.dropFirst()).compactMap { line, next in
            guard line.hasPrefix("|"), !line.hasPrefix("|---"), !next.hasPrefix("|---") else { return nil }
            return line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    /// What stands between backquotes.
    static func quoted(_ cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .compactMap { $0.offset % 2 == 1 ? String($0.element) : nil }
    }
}

@Suite("The reference page of the filter language")
struct FilterLanguageDocumentTests {
    @Test("has examples that are understood")
    func examples() {
        let examples = FilterPage.blocks("filter").flatMap(\.self)
        #expect(examples.count > 40)
        for example in examples {
            do {
                _ = try FlowExpression(parsing: example)
            } catch {
                Issue.record("\(error)\n\(error.excerpt(of: example))")
            }
        }
    }

    @Test("shows errors as they are")
    func errors() throws {
        let errors = FilterPage.blocks("filter-error").flatMap { $0.split(separator: "") }
        #expect(errors.count > 10)
        for lines in errors {
            let text = try #require(lines.first)
            let error = #expect(throws: FlowFilterSyntaxError.self, "\(text)") {
                try FlowExpression(parsing: text)
            }
            guard let error else { continue }
            #expect("\(error.excerpt(of: text))\n\(error)" == lines.joined(separator: "\n"))
        }
    }

    @Test("shows canonical text as it is")
    func canonicalText() throws {
        let lines = FilterPage.blocks("filter-canonical").flatMap(\.self)
        #expect(lines.count > 10 && lines.count.isMultiple(of: 2))
        for index in stride(from: 0, to: lines.count - 1, by: 2) {
            let canonical = try FlowExpression(parsing: lines[index]).filterText
            #expect("  → \(canonical)" == lines[index + 1])
            #expect(try FlowExpression(parsing: canonical).filterText == canonical)
        }
    }

    @Test("says that two filters are the same where they are")
    func precedence() throws {
        let pair = try #require(
            FilterPage.blocks("filter").first { $0.contains { $0.hasPrefix("((not ") } })
        let meanings = try pair.map { try FlowExpression(parsing: $0) }
        #expect(meanings.count == 2 && meanings[0] == meanings[1])
    }

    @Test("lists every field, and which operators it takes")
    func fields() {
        let rows = FilterPage.rows(below: "### Fields")
        let fields = rows.filter { $0.count == 4 }
        let named = fields.flatMap { FilterPage.quoted($0[0]) }
        #expect(named.sorted() == FlowFilterField.all.map(\.name).sorted())
        let operators = Dictionary(
            uniqueKeysWithValues: rows.filter { $0.count == 2 }.map { ($0[0], FilterPage.quoted($0[1])) })
        for field in fields {
            for name in FilterPage.quoted(field[0]) {
                let field = (name: name.hasSuffix("label") ? "\(name).app" : name, kind: field[2])
                for comparison in FlowFilterOperator.allCases.map(\.rawValue) {
                    let isRefused = Self.isRefused("\(field.name) \(comparison) x")
                    #expect(isRefused != operators[field.kind]?.contains(comparison), "\(name) \(comparison)")
                }
            }
        }
    }

    /// Whether a comparison is refused for its operator.
    private static func isRefused(_ text: String) -> Bool {
        do {
            _ = try FlowExpression(parsing: text)
            return false
        } catch {
            return error.message.contains("cannot be compared") || error.message.contains("cannot stand")
        }
    }

    @Test("lists the words of choices")
    func choices() throws {
        let fields = FilterPage.rows(below: "### Fields").filter { $0.count == 4 }
        func check<Words: FlowFilterWords>(_: Words.Type, _ name: String) throws {
            let row = try #require(fields.first { FilterPage.quoted($0[0]).contains(name) })
            let listed = FilterPage.quoted(row[3])
            for words in Words.allCases.map(\.words) {
                #expect(listed.contains(words[0]), "\(name) = \(words[0])")
            }
            for word in listed { #expect(Words(word: word) != nil, "\(name) = \(word)") }
        }
        try check(FlowEndpointType.self, "type")
        try check(FlowAction.self, "action")
        try check(FlowReporter.self, "reporter")
    }

    @Test("lists the parts of policy(…) with their operators, and every kind by name and code")
    func policies() throws {
        let parts = FilterPage.rows(below: "## Policies").filter { $0.count == 4 }
        #expect(
            parts.flatMap { FilterPage.quoted($0[0]) }.sorted()
                == ["action", "kind", "name", "namespace", "rule", "stage", "tier"])
        for part in parts {
            let name = FilterPage.quoted(part[0])[0]
            for comparison in ["=", "~", "^=", "$=", "!=", "<"] {
                let isRefused = Self.isRefused("policy(\(name) \(comparison) x)")
                #expect(isRefused != FilterPage.quoted(part[2]).contains(comparison), "\(name) \(comparison)")
            }
        }
        for kind in FlowPolicyKind.allCases where kind != .unspecified {
            #expect(FilterPage.text.contains("`\(kind.name)` (`\(kind.code)`)"))
            for word in [kind.name, kind.code] {
                #expect(
                    try FlowExpression(parsing: "policy(kind = \(word))")
                        == .policy(FlowPolicyCondition(kind: kind)))
            }
        }
    }

    @Test("says the bounds")
    func bounds() {
        let rows = FilterPage.rows(below: "## Bounds").map { $0[1].filter(\.isNumber) }
        let bounds = [
            FlowExpression.maximumTextBytes, FlowExpression.maximumTextDepth,
            FlowExpression.maximumTextConditions,
        ]
        // "4,096 bytes of UTF-8" has one more digit.
        #expect(rows.count == 3 && zip(rows, bounds).allSatisfy { $0.hasPrefix("\($1)") })
    }
}
