// SPDX-License-Identifier: Apache-2.0

/// Collects the problems of one resource, each at its field path.
struct ProblemList {
    let resource: String
    private(set) var diagnostics: [Diagnostic] = []

    init(resource: String) { self.resource = resource }

    mutating func error(_ field: String, _ message: String, try suggestion: String = "") {
        diagnostics.append(
            Diagnostic(.error, resource: resource, field: field, message: message, suggestion: suggestion))
    }

    mutating func warning(_ field: String, _ message: String, try suggestion: String = "") {
        diagnostics.append(
            Diagnostic(.warning, resource: resource, field: field, message: message, suggestion: suggestion))
    }

    mutating func checkName(_ name: String, _ rule: NameRule, field: String = "metadata.name") {
        guard let violation = rule.violation(in: name) else { return }
        error(field, "the name \(name.quotedForMessage) \(violation)")
    }

    /// Reports when a list has more than `maximum` elements.
    mutating func checkCount(
        _ count: Int, atMost maximum: Int, _ field: String, of things: String,
        try suggestion: String = "split the list into several rules"
    ) {
        guard count > maximum else { return }
        error(field, "\(count) \(things), at most \(maximum) are allowed", try: suggestion)
    }

    /// Reports each element that occurred before in its list.
    mutating func checkUnique<Element: Hashable>(
        _ elements: [Element], _ field: String, _ describe: (Element) -> String
    ) {
        var seen: Set<Element> = []
        for (index, element) in elements.enumerated() where !seen.insert(element).inserted {
            error("\(field)[\(index)]", "\(describe(element)) is listed twice", try: "remove one of them")
        }
    }
}
