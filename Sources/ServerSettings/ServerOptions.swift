// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser

/// The flags of `vibrissa server`, one for each setting, under the same headings. Names and help come from
/// `Setting.all`; values are texts, so that all of them are judged together with those of environment and
/// file.
public struct ServerOptions: ParsableArguments {
    @OptionGroup(title: Setting.Group.general.rawValue) var general: GeneralOptions
    @OptionGroup(title: Setting.Group.grpc.rawValue) var grpc: GRPCOptions
    @OptionGroup(title: Setting.Group.http.rawValue) var http: HTTPOptions
    @OptionGroup(title: Setting.Group.goldmane.rawValue) var goldmane: GoldmaneOptions
    @OptionGroup(title: Setting.Group.store.rawValue) var store: StoreOptions
    @OptionGroup(title: Setting.Group.emitter.rawValue) var emitter: EmitterOptions
    @OptionGroup(title: Setting.Group.health.rawValue) var health: HealthOptions

    public init() {}

    /// What was given, by the settings' names, for `ServerSettings.resolve`.
    public var arguments: [String: String] {
        let groups: [any ParsableArguments] = [general, grpc, http, goldmane, store, emitter, health]
        var arguments: [String: String] = [:]
        for group in groups {
            for child in Mirror(reflecting: group).children {
                // A property that is wrapped is stored behind an underscore.
                guard let label = child.label, label.hasPrefix("_") else { continue }
                let name = Self.name(of: label.dropFirst())
                if let option = child.value as? Option<String?> {
                    arguments[name] = option.wrappedValue
                } else if let flag = child.value as? Flag<Bool?> {
                    arguments[name] = flag.wrappedValue.map { $0 ? "true" : "false" }
                }
            }
        }
        return arguments
    }

    /// `grpcClientCa` is `grpc-client-ca`, as the flag is.
    private static func name(of property: Substring) -> String {
        property.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
    }
}

struct GeneralOptions: ParsableArguments {
    @Option(help: .setting("config")) var config: String?
    @Option(help: .setting("log-level")) var logLevel: String?
    @Option(help: .setting("threads")) var threads: String?
    @Option(help: .setting("state-directory")) var stateDirectory: String?
    @Flag(inversion: .prefixedNo, help: .setting("insecure")) var insecure: Bool?
    @Option(help: .setting("tls-min-version")) var tlsMinVersion: String?
    @Option(help: .setting("tls-cipher-suites")) var tlsCipherSuites: String?
    @Option(help: .setting("certificate-poll-interval")) var certificatePollInterval: String?
}

struct GRPCOptions: ParsableArguments {
    @Option(help: .setting("grpc-listen")) var grpcListen: String?
    @Option(help: .setting("grpc-certificate")) var grpcCertificate: String?
    @Option(help: .setting("grpc-key")) var grpcKey: String?
    @Option(help: .setting("grpc-client-ca")) var grpcClientCa: String?
}

struct HTTPOptions: ParsableArguments {
    @Option(help: .setting("http-listen")) var httpListen: String?
    @Option(help: .setting("http-certificate")) var httpCertificate: String?
    @Option(help: .setting("http-key")) var httpKey: String?
    @Option(help: .setting("maximum-subscribers")) var maximumSubscribers: String?
}

struct GoldmaneOptions: ParsableArguments {
    @Option(help: .setting("goldmane")) var goldmane: String?
    @Option(help: .setting("goldmane-certificate")) var goldmaneCertificate: String?
    @Option(help: .setting("goldmane-key")) var goldmaneKey: String?
    @Option(help: .setting("goldmane-ca")) var goldmaneCa: String?
    @Option(help: .setting("goldmane-server-name")) var goldmaneServerName: String?
}

struct StoreOptions: ParsableArguments {
    @Option(help: .setting("aggregation-window")) var aggregationWindow: String?
    @Option(help: .setting("history-windows")) var historyWindows: String?
    @Option(help: .setting("maximum-keys")) var maximumKeys: String?
    @Option(help: .setting("maximum-key-share")) var maximumKeyShare: String?
    @Option(help: .setting("maximum-rows")) var maximumRows: String?
    @Option(help: .setting("maximum-labels")) var maximumLabels: String?
    @Option(help: .setting("maximum-key-bytes")) var maximumKeyBytes: String?
    @Option(help: .setting("maximum-encoded-bytes")) var maximumEncodedBytes: String?
    @Option(help: .setting("maximum-deliveries")) var maximumDeliveries: String?
    @Option(help: .setting("deduplication-window")) var deduplicationWindow: String?
    @Option(help: .setting("maximum-streams")) var maximumStreams: String?
}

struct EmitterOptions: ParsableArguments {
    @Option(help: .setting("push-url")) var pushUrl: String?
    @Option(help: .setting("emit-after")) var emitAfter: String?
    @Option(help: .setting("emitter-aggregation-window")) var emitterAggregationWindow: String?
    @Option(help: .setting("push-certificate")) var pushCertificate: String?
    @Option(help: .setting("push-key")) var pushKey: String?
    @Option(help: .setting("push-ca")) var pushCa: String?
    @Option(help: .setting("push-server-name")) var pushServerName: String?
    @Option(help: .setting("push-switch-file")) var pushSwitchFile: String?
}

struct HealthOptions: ParsableArguments {
    @Flag(inversion: .prefixedNo, help: .setting("health")) var health: Bool?
    @Option(help: .setting("health-host")) var healthHost: String?
    @Option(help: .setting("health-port")) var healthPort: String?
    @Option(help: .setting("prometheus-host")) var prometheusHost: String?
    @Option(help: .setting("prometheus-port")) var prometheusPort: String?
    @Option(help: .setting("profile-port")) var profilePort: String?
}

extension ArgumentHelp {
    /// The setting's purpose, default and variables.
    fileprivate static func setting(_ name: String) -> ArgumentHelp {
        guard let setting = Setting.named(name) else { preconditionFailure("no setting \(name)") }
        var notes: [String] = []
        if !setting.defaultText.isEmpty { notes.append("default: \(setting.defaultText)") }
        let variables = [setting.ownVariable] + setting.variables.map(\.name)
        notes.append("variables: \(variables.joined(separator: ", "))")
        return ArgumentHelp(
            "\(setting.help) (\(notes.joined(separator: "; ")))", valueName: setting.placeholder)
    }
}
