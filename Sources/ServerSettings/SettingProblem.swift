// SPDX-License-Identifier: Apache-2.0

/// Where a value came from.
public enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    /// `--name`.
    case flag(String)
    /// One environment variable, or several that make one value.
    case variables([String])
    case file(String, line: Int)

    public var description: String {
        switch self {
        case .flag(let name): "--\(name)"
        case .variables(let names):
            "environment variable\(names.count > 1 ? "s" : "") \(names.joined(separator: " and "))"
        case .file(let path, let line): "\(path.escapedForMessage), line \(line)"
        }
    }
}

/// A value that cannot be used, or values that do not go together.
public struct SettingProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whose value it is: a setting's name, or a word that is none. Empty for a file that cannot be read.
    public let setting: String
    /// Nil when no value was given.
    public let origin: SettingOrigin?
    /// What was given, why it cannot be used, and what is accepted; escaped.
    public let message: String

    init(_ setting: String, _ origin: SettingOrigin?, _ message: String) {
        self.setting = setting
        self.origin = origin
        self.message = message
    }

    /// `aggregation-window (environment variable AGGREGATION_WINDOW): "soon" is not accepted; it must be a
    /// duration`.
    public var description: String {
        let place = origin.map(\.description)
        switch (setting.isEmpty, place) {
        case (true, let place): return (place.map { $0 + ": " } ?? "") + message
        case (false, let place?): return "\(setting.escapedForMessage) (\(place)): \(message)"
        case (false, nil): return "\(setting.escapedForMessage): \(message)"
        }
    }
}

/// Everything that is wrong, not just the first thing.
public struct SettingProblems: Error, Hashable, Sendable, CustomStringConvertible {
    public let all: [SettingProblem]

    /// One per line.
    public var description: String { all.map(\.description).joined(separator: "\n") }
}

extension String {
    /// Control characters and what turns the direction of writing as `\u{…}`; at most 120 characters.
    var escapedForMessage: String {
        var result = ""
        for scalar in unicodeScalars.prefix(120) {
            let isPlain: Bool
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                isPlain = false
            default: isPlain = scalar != "\\"
            }
            result += isPlain ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }
        return unicodeScalars.count > 120 ? result + "..." : result
    }

    var quotedForMessage: String { "\"\(escapedForMessage)\"" }
}
