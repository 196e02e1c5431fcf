// SPDX-License-Identifier: Apache-2.0

import ServerSettings
import Testing

/// The least that a server of one's own needs, as flags.
let plain = ["insecure": "true"]

/// What texts resolve to.
func resolve(
    _ arguments: [String: String] = [:], environment: [String: String] = [:], file: String? = nil
) throws -> ResolvedServerSettings {
    try ServerSettings.resolve(
        arguments: arguments, environment: environment,
        file: file.map { SettingsText($0, path: "/etc/vibrissa.yaml") })
}

/// The problems of texts, one per line; empty when there are none.
func problems(
    _ arguments: [String: String] = [:], environment: [String: String] = [:], file: String? = nil
) -> [String] {
    do {
        _ = try resolve(arguments, environment: environment, file: file)
        return []
    } catch let problems as SettingProblems {
        return problems.all.map(\.description)
    } catch {
        return ["unexpected: \(error)"]
    }
}
