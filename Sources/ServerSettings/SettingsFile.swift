// SPDX-License-Identifier: Apache-2.0

internal import Yams

/// A file of settings: a YAML mapping of names to values, one level deep.
struct SettingsFile {
    struct Entry {
        let text: String
        let line: Int
    }

    /// By the setting's name.
    private(set) var entries: [String: Entry] = [:]
    private(set) var problems: [SettingProblem] = []

    /// Bound of the text.
    static let maximumBytes = 65_536
    /// Bound of brackets, which are of use for one list only, and nest at the reader's cost.
    private static let maximumBrackets = 32

    private let path: String

    init(_ text: String, path: String) {
        self.path = path
        guard text.utf8.count <= Self.maximumBytes else {
            report("", 1, "the file is larger than 64 KiB, so it is no file of settings")
            return
        }
        guard text.utf8.count(where: { $0 == 0x5b || $0 == 0x7b }) <= Self.maximumBrackets else {
            report(
                "", 1,
                "there are more than \(Self.maximumBrackets) brackets in it; write one name: value per line")
            return
        }
        do {
            // Yams hands out a pointer into the string: that must be on the heap, so not a short one.
            let parser = try Yams.Parser(
                yaml: text + "\n# (padding to a string on the heap)\n", resolver: .basic, encoding: .utf8)
            guard let root = try parser.singleRoot() else { return }
            // Anchors of nodes are owned by the parser.
            withExtendedLifetime(parser) { read(root) }
        } catch {
            reportFailure(error)
        }
    }

    private mutating func read(_ root: Node) {
        if Self.isNothing(root) { return }
        guard case .mapping(let mapping) = root else {
            report("", root.mark?.line ?? 1, "it must hold one name: value per line")
            return
        }
        for (key, value) in mapping {
            let line = key.mark?.line ?? 1
            guard case .scalar(let name) = key else {
                report("", line, "a name must be a plain word")
                continue
            }
            read(name.string, value, line)
        }
    }

    private mutating func read(_ name: String, _ value: Node, _ line: Int) {
        guard name != "config" else {
            report(name, line, "a file cannot name another; use --config or VIBRISSA_CONFIG")
            return
        }
        guard let setting = Setting.named(name) else {
            let near = NearWord.to(
                name.lowercased().replacing("_", with: "-"), in: Setting.all.map(\.name))
            report(
                name, line,
                "there is no such setting" + (near.map { "; did you mean \($0)?" } ?? ""))
            return
        }
        guard !Self.isNothing(value) else {
            report(name, line, "there is no value; it must be \(setting.accepted)")
            return
        }
        switch value {
        case .scalar(let scalar):
            entries[name] = Entry(text: scalar.string, line: line)
        case .sequence(let list) where setting.name == "tls-cipher-suites":
            entries[name] = Entry(
                text: list.map { $0.scalar?.string ?? "" }.joined(separator: ","), line: line)
        default:
            report(name, line, "the value must be a plain word or number; it must be \(setting.accepted)")
        }
    }

    /// What YAML takes for no value.
    private static func isNothing(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.string.isEmpty || scalar.style == .plain && ["~", "null"].contains(scalar.string)
    }

    private mutating func report(_ setting: String, _ line: Int, _ message: String) {
        problems.append(SettingProblem(setting, .file(path, line: line), message))
    }

    private mutating func reportFailure(_ error: any Error) {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            report("", mark.line, "the YAML cannot be read: \(problem.escapedForMessage)")
        case .duplicatedKeysInMapping(let keys, let context):
            report(keys.first ?? "", context.mark.line, "it is given twice; remove one of them")
        default:
            report("", 1, "the YAML cannot be read: \("\(error)".escapedForMessage)")
        }
    }
}
