// SPDX-License-Identifier: Apache-2.0

/// The tables of the reference page, made from `Setting.all`.
public enum SettingsReference {
    /// Marks that enclose the tables in `docs/reference/server-settings.md`.
    public static let start = "<!-- tables: made from the settings themselves; a test compares -->"
    public static let end = "<!-- end of tables -->"

    /// A heading and a table for each group.
    public static var markdown: String {
        Setting.Group.allCases.map { group in
            let rows = Setting.all.filter { $0.group == group }.map(row).joined(separator: "\n")
            return """
                ## \(group.rawValue)

                | Setting | Meaning | Accepted | Default | Variables of Calico's |
                |---|---|---|---|---|
                \(rows)
                """
        }.joined(separator: "\n\n")
    }

    private static func row(_ setting: Setting) -> String {
        let variables = setting.variables.map { "`\($0.name)`" + note($0.scope) }.joined(separator: ", ")
        let cells = [
            "`\(setting.name)`", setting.help, setting.accepted, setting.defaultText, variables,
        ].map { $0.replacing("|", with: "\\|") }
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private static func note(_ scope: Setting.Variable.Scope) -> String {
        switch scope {
        case .always: ""
        case .asGoldmane: " ¹"
        case .asWhiskerBackend: " ²"
        }
    }
}
