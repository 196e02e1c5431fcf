// SPDX-License-Identifier: Apache-2.0

/// Finds each setting's value: flag, then environment, then file, then default.
struct SettingsReading {
    private struct Value {
        let text: String
        let origin: SettingOrigin
    }

    private(set) var settings = ServerSettings()
    private(set) var origins: [String: SettingOrigin] = [:]
    private(set) var problems: [SettingProblem] = []
    private(set) var notices: [String] = []

    private let arguments: [String: String]
    private let environment: [String: String]
    private let file: SettingsFile?
    private let filePath: String

    /// Variables that are not settings, of which each is a notice.
    private static let maximumNotices = 20

    init(arguments: [String: String], environment: [String: String], file: SettingsText?) {
        self.arguments = arguments
        self.environment = environment
        self.file = file.map { SettingsFile($0.text, path: $0.path) }
        filePath = file?.path ?? ""
        problems = self.file?.problems ?? []
        checkNames()
        // Two variables mean different things with and without a remote server.
        if let remote = Setting.named("goldmane") { read(remote, isRemote: false) }
        // One that is given and wrong is a remote server all the same.
        let isRemote = origins["goldmane"] != nil
        for setting in Setting.all where setting.name != "goldmane" { read(setting, isRemote: isRemote) }
    }

    private mutating func read(_ setting: Setting, isRemote: Bool) {
        guard let value = value(setting, isRemote: isRemote) else { return }
        origins[setting.name] = value.origin
        guard !setting.store(value.text, &settings) else { return }
        problems.append(
            SettingProblem(
                setting.name, value.origin,
                "\(value.text.quotedForMessage) is not accepted; it must be \(setting.accepted)"))
    }

    private mutating func value(_ setting: Setting, isRemote: Bool) -> Value? {
        if let text = arguments[setting.name] { return Value(text: text, origin: .flag(setting.name)) }
        // An empty variable is as good as none: that is how manifests leave one out.
        if let text = environment[setting.ownVariable], !text.isEmpty,
            !isServiceLink(setting.ownVariable, text)
        {
            return Value(text: text, origin: .variables([setting.ownVariable]))
        }
        let variables = setting.variables.filter { $0.applies(isRemote: isRemote) }.map(\.name)
        if variables == ["HOST", "PORT"] {
            if let value = hostAndPort() { return value }
        } else {
            for name in variables {
                guard let text = environment[name], !text.isEmpty, !isServiceLink(name, text) else {
                    continue
                }
                return Value(text: text, origin: .variables([name]))
            }
        }
        if let entry = file?.entries[setting.name] {
            return Value(text: entry.text, origin: .file(filePath, line: entry.line))
        }
        return nil
    }

    /// whisker-backend's listen address is in two variables; each has a default.
    private func hostAndPort() -> Value? {
        let (host, port) = (environment["HOST"] ?? "", environment["PORT"] ?? "")
        switch (host.isEmpty, port.isEmpty) {
        case (true, true): return nil
        case (true, false): return Value(text: port, origin: .variables(["PORT"]))
        case (false, let hasNoPort):
            let bracketed = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
            return Value(
                text: "\(bracketed):\(hasNoPort ? "8080" : port)",
                origin: .variables(hasNoPort ? ["HOST"] : ["HOST", "PORT"]))
        }
    }

    /// Kubernetes gives every container variables for the Services of its namespace: one named `prometheus`
    /// gives `PROMETHEUS_PORT=tcp://192.0.2.1:9090`. Those are no settings.
    private mutating func isServiceLink(_ name: String, _ text: String) -> Bool {
        guard name.hasSuffix("PORT"), ["tcp://", "udp://", "sctp://"].contains(where: text.hasPrefix) else {
            return false
        }
        notices.append("\(name) is left out: it is the address of a Service, which Kubernetes put there")
        return true
    }

    private mutating func checkNames() {
        for name in arguments.keys.sorted() where Setting.named(name) == nil {
            let near = NearWord.to(name, in: Setting.all.map(\.name))
            problems.append(
                SettingProblem(
                    name, .flag(name),
                    "there is no such setting" + (near.map { "; did you mean \($0)?" } ?? "")))
        }
        let known = Set(Setting.all.map(\.ownVariable))
        // Named after a Service `vibrissa`, or one whose name begins so.
        let unknown = environment.keys.filter {
            $0.hasPrefix("VIBRISSA_") && !known.contains($0) && !$0.contains("_SERVICE_")
                && !$0.contains("_PORT_")
                && !isServiceValue(environment[$0] ?? "")
        }
        for name in unknown.sorted().prefix(Self.maximumNotices) {
            let near = NearWord.to(name, in: known.sorted())
            notices.append(
                "\(name.escapedForMessage) is no setting" + (near.map { "; did you mean \($0)?" } ?? ""))
        }
    }

    private func isServiceValue(_ text: String) -> Bool {
        text.hasPrefix("tcp://") || text.hasPrefix("udp://")
    }
}
