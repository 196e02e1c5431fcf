// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

/// A value with a closed set of words: the first is the one that is printed. All are compared in lower case.
protocol FlowFilterWords: CaseIterable, Equatable {
    var words: [String] { get }
}

extension FlowFilterWords {
    init?(word: String) {
        let word = word.lowercased()
        guard let found = Self.allCases.first(where: { $0.words.contains { $0.lowercased() == word } }) else {
            return nil
        }
        self = found
    }

    /// What a mistaken word could have been: the printed words, the unspecified one left out.
    static var choices: [String] { allCases.map { $0.words[0] }.filter { $0 != "unspecified" } }
}

extension FlowAction: FlowFilterWords {
    var words: [String] { self == .unspecified ? ["unspecified", name] : [name.lowercased()] }
}

extension FlowReporter: FlowFilterWords {
    var words: [String] {
        switch self {
        case .unspecified: ["unspecified", name]
        case .source: ["source", "src"]
        case .destination: ["dest", "dst", "destination"]
        }
    }
}

extension FlowEndpointType: FlowFilterWords {
    var words: [String] {
        switch self {
        case .unspecified: ["unspecified", name]
        case .workload: ["workload", name]
        case .host: ["host", name]
        case .networkSet: ["networkset"]
        case .network: ["network"]
        }
    }
}

extension FlowPolicyKind: FlowFilterWords {
    var words: [String] { self == .unspecified ? ["unspecified", name] : [name, code] }
}

extension FlowPolicyCondition.Stage: FlowFilterWords {
    var words: [String] { self == .enforced ? ["enforced"] : ["pending"] }
}

/// When a text needs no quotes.
enum FlowFilterBareText {
    static let keywords: Set<String> = ["and", "or", "not", "in"]

    /// Recorded names of pods end in `-*`, and `*` stands for several Services: those may be written as they are.
    /// Any other star was probably meant as a wildcard, which it is not.
    static func hasForeignStar(_ word: String, allowsRecorded: Bool) -> Bool {
        let star = UInt8(ascii: "*")
        guard let first = word.utf8.firstIndex(of: star) else { return false }
        guard allowsRecorded, word.utf8.index(after: first) == word.utf8.endIndex else { return true }
        return word != "*" && !word.hasSuffix("-*")
    }

    static func allows(_ text: String, recordedStars: Bool) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(FlowFilterLexer.isWordByte)
            && !keywords.contains(text.lowercased())
            && !hasForeignStar(text, allowsRecorded: recordedStars)
    }

    /// What a label key without brackets is made of.
    static func allowsKey(_ key: Substring.UTF8View) -> Bool {
        !key.isEmpty
            && key.allSatisfy {
                FlowFilterLexer.isWordByte($0) && $0 != UInt8(ascii: "*") && $0 != UInt8(ascii: ":")
            }
    }

    /// A protocol without quotes as records have it: `TCP`, `6` and `tcp` are one, and `UDPLite` is `136`.
    static func transport(_ word: String) -> String {
        let lower = word.lowercased()
        if let named = IPProtocol.policyNames.first(where: { $0.name.lowercased() == lower }) {
            return named.value.flowName
        }
        return UInt8(lower).map { IPProtocol(rawValue: $0).flowName } ?? lower
    }

    /// A text between quotes, everything that is not plain and printable ASCII escaped or kept as it is.
    static func quoted(_ text: String) -> String {
        let inner = text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case " "..."~": result.unicodeScalars.append(scalar)
            default:
                result +=
                    scalar.properties.generalCategory.isLetter
                    ? String(Character(scalar)) : "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return "\"\(inner)\""
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isLetter: Bool {
        switch self {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .otherLetter, .decimalNumber: true
        default: false
        }
    }
}

extension String {
    /// Whether the bytes are the same; `==` compares characters.
    func isByteEqual(to other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
