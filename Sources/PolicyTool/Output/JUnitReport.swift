// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// Results in the XML form that continuous integration systems read as JUnit's.
public struct JUnitReport: Sendable {
    public struct Case: Sendable {
        public enum Result: Sendable {
            case passed
            /// Something is not as it should be.
            case failed(message: String, detail: String)
            /// The case could not be run.
            case broken(message: String, detail: String)
        }

        public var suite: String
        public var name: String
        /// 0 when there is none.
        public var line: Int
        public var file: String
        public var result: Result

        public init(suite: String, name: String, file: String, line: Int = 0, result: Result) {
            self.suite = suite
            self.name = name
            self.file = file
            self.line = line
            self.result = result
        }
    }

    /// Cases of one suite must be neighbours.
    public var cases: [Case]

    public init(_ cases: [Case]) { self.cases = cases }

    /// The document. No times: equal results give equal text.
    public var xml: String {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        text += "<testsuites\(Self.counts(cases[...]))>\n"
        var rest = cases[...]
        while let first = rest.first {
            let suite = rest.prefix { $0.suite == first.suite }
            rest = rest.dropFirst(suite.count)
            text += "  <testsuite name=\"\(Self.attribute(first.suite))\"\(Self.counts(suite))>\n"
            for item in suite { text += Self.element(item) }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    private static func counts(_ cases: ArraySlice<Case>) -> String {
        let failures = cases.count { if case .failed = $0.result { true } else { false } }
        let errors = cases.count { if case .broken = $0.result { true } else { false } }
        return " tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"\(errors)\""
    }

    private static func element(_ item: Case) -> String {
        var head = "    <testcase classname=\"\(attribute(item.suite))\" name=\"\(attribute(item.name))\""
        head += " file=\"\(attribute(item.file))\"" + (item.line > 0 ? " line=\"\(item.line)\"" : "")
        func body(_ tag: String, _ message: String, _ detail: String) -> String {
            "\(head)>\n      <\(tag) message=\"\(attribute(message))\">\(content(detail))</\(tag)>\n    </testcase>\n"
        }
        return switch item.result {
        case .passed: head + "/>\n"
        case .failed(let message, let detail): body("failure", message, detail)
        case .broken(let message, let detail): body("error", message, detail)
        }
    }

    /// XML 1.0 has no way to write most control characters, so they are escaped as in messages.
    private static func attribute(_ text: String) -> String {
        text.escapedForMessage.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }

    private static func content(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { attribute(String($0)) }
            .joined(separator: "\n")
    }
}
