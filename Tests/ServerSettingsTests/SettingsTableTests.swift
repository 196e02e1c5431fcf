// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import ServerSettings
import Testing

@Suite("The table of settings")
struct SettingsTableTests {
    @Test("every setting has a flag and every flag a setting")
    func flags() throws {
        var words: [String] = []
        for setting in Setting.all {
            words +=
                setting.isSwitch ? ["--\(setting.name)"] : ["--\(setting.name)", "value of \(setting.name)"]
        }
        let arguments = try ServerOptions.parse(words).arguments
        #expect(Set(arguments.keys) == Set(Setting.all.map(\.name)))
        for setting in Setting.all {
            #expect(arguments[setting.name] == (setting.isSwitch ? "true" : "value of \(setting.name)"))
        }
    }

    @Test("a flag that is not given gives no value, and a switch can be turned off")
    func noFlags() throws {
        #expect(try ServerOptions.parse([]).arguments.isEmpty)
        #expect(
            try ServerOptions.parse(["--no-insecure", "--no-health"]).arguments
                == ["insecure": "false", "health": "false"])
    }

    @Test(
        "help explains every setting, with its default and its variables", arguments: Setting.all.map(\.name))
    func help(name: String) throws {
        let setting = try #require(Setting.named(name))
        let help = ServerOptions.helpMessage(columns: 10_000)
        let line = try #require(
            help.split(separator: "\n").first { $0.contains("--\(name)") && $0.contains("VIBRISSA_") }
                ?? help.split(separator: "\n").first { $0.contains(setting.help) })
        #expect(line.contains(setting.help))
        #expect(line.contains(setting.ownVariable))
        for variable in setting.variables { #expect(line.contains(variable.name)) }
        if !setting.defaultText.isEmpty { #expect(line.contains(setting.defaultText)) }
    }

    @Test("names are plain, help is a sentence, and nobody's variable is ours")
    func words() {
        for setting in Setting.all {
            #expect(setting.name.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil)
            #expect(setting.help.hasSuffix(".") || setting.help.hasSuffix("not."), "\(setting.name)")
            #expect(!setting.variables.contains { $0.name.hasPrefix("VIBRISSA_") })
        }
        #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
    }

    /// Variables of flow API sections 3.1 and 4.1. KUBECONFIG is left out: there is no ConfigMap to keep.
    static let theirs = [
        "LOG_LEVEL", "PORT", "SERVER_CERT_PATH", "SERVER_KEY_PATH", "CA_CERT_PATH", "CLIENT_CERT_PATH",
        "CLIENT_KEY_PATH", "SERVER_NAME", "PUSH_URL", "FILE_CONFIG_PATH", "AGGREGATION_WINDOW",
        "EMIT_AFTER_SECONDS", "EMITTER_AGGREGATION_WINDOW", "HEALTH_ENABLED", "HEALTH_HOST", "HEALTH_PORT",
        "PROFILE_PORT", "PROMETHEUS_PORT", "TLS_MIN_VERSION", "TLS_CIPHER_SUITES", "GOLDMANE_HOST",
        "TLS_CERT_PATH", "TLS_KEY_PATH", "SERVER_TLS_CERT_PATH", "SERVER_TLS_KEY_PATH", "HOST",
    ]

    @Test("every variable of Goldmane and whisker-backend is known", arguments: theirs)
    func variables(name: String) {
        #expect(Setting.all.contains { $0.variables.contains { $0.name == name } })
    }

    /// Defaults that depend on other settings, or that no text stands for.
    static let described: Set<String> = [
        "threads", "tls-cipher-suites", "grpc-listen", "http-listen", "goldmane-server-name", "push-ca",
        "health-host", "prometheus-host",
    ]

    @Test("a default that is written out is the default")
    func defaults() throws {
        let usual = try resolve(plain).settings
        for setting in Setting.all
        where !setting.defaultText.isEmpty && !Self.described.contains(setting.name)
            && setting.name != "insecure"
        {
            let written = try resolve(plain.merging([setting.name: setting.defaultText]) { $1 }).settings
            #expect(written == usual, "\(setting.name)")
        }
    }

    @Test("the reference page has the tables of the settings")
    func reference() throws {
        let page = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "../../docs/reference/server-settings.md").standardizedFileURL
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try #require(text.range(of: SettingsReference.start))
        let end = try #require(text.range(of: SettingsReference.end))
        let tables = "\n\n" + SettingsReference.markdown + "\n\n"
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            let new = text[..<start.upperBound] + tables + text[end.lowerBound...]
            try String(new).write(to: page, atomically: true, encoding: .utf8)
        } else {
            #expect(text[start.upperBound..<end.lowerBound] == tables)
        }
    }
}
