// SPDX-License-Identifier: Apache-2.0

/// The text of a file of settings, and what it is called in messages.
public struct SettingsText: Hashable, Sendable {
    public let text: String
    public let path: String

    public init(_ text: String, path: String) {
        self.text = text
        self.path = path
    }
}

/// Settings that go together, and what is worth saying of them.
public struct ResolvedServerSettings: Hashable, Sendable {
    public let settings: ServerSettings
    /// Where each value came from that is not a default, by the setting's name.
    public let origins: [String: SettingOrigin]
    /// What was given and has no effect, or a weaker one than it seems; to be logged. Escaped.
    public let notices: [String]
}

extension ServerSettings {
    /// Which file of settings there is, by flag or environment; nil for none.
    public static func filePath(arguments: [String: String], environment: [String: String]) -> String? {
        if let path = arguments["config"] { return path }
        return environment["VIBRISSA_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Reads settings, checks each and all together, and fills in what depends on others.
    ///
    /// `arguments` are by the settings' names: `["grpc-listen": ":7443", "insecure": "true"]`. A value that
    /// another one wins over is not looked at. The problems are all that there are.
    public static func resolve(
        arguments: [String: String], environment: [String: String], file: SettingsText? = nil
    ) throws(SettingProblems) -> ResolvedServerSettings {
        let reading = SettingsReading(arguments: arguments, environment: environment, file: file)
        var checks = SettingsChecks(reading.settings, origins: reading.origins)
        // What was refused stands at its default here; what follows from that would only confuse.
        checks.run(leavingOut: Set(reading.problems.map(\.setting)))
        let problems = reading.problems + checks.problems
        guard problems.isEmpty else { throw SettingProblems(all: problems) }
        return ResolvedServerSettings(
            settings: checks.settings, origins: reading.origins, notices: reading.notices + checks.notices)
    }
}
