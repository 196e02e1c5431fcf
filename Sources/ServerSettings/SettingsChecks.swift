// SPDX-License-Identifier: Apache-2.0

/// Checks values against each other, and fills in the defaults that depend on others.
struct SettingsChecks {
    private(set) var settings: ServerSettings
    private(set) var problems: [SettingProblem] = []
    private(set) var notices: [String] = []

    private let origins: [String: SettingOrigin]
    private var refused: Set<String> = []

    init(_ settings: ServerSettings, origins: [String: SettingOrigin]) {
        self.settings = settings
        self.origins = origins
    }

    /// Settings that were refused by themselves are not judged again.
    mutating func run(leavingOut refused: Set<String>) {
        self.refused = refused
        completeAddresses()
        checkPairs()
        // Whether there is a remote server decides what the others mean.
        if !refused.contains("goldmane") { checkTransport() }
        checkHTTP()
        checkMultiples()
        checkPorts()
        remark()
    }

    private mutating func report(_ setting: String, involving others: [String] = [], _ message: String) {
        guard refused.isDisjoint(with: others + [setting]) else { return }
        problems.append(SettingProblem(setting, origins[setting], message))
    }

    private func isGiven(_ setting: String) -> Bool { origins[setting] != nil }

    // MARK: Defaults that depend on others

    private mutating func completeAddresses() {
        if settings.grpc.listen.host == nil {
            settings.grpc.listen.host = settings.general.isInsecure ? "127.0.0.1" : ""
        }
        if !isGiven("http-listen") {
            settings.http.listen.host = "127.0.0.1"
            // Goldmane's health server has the port that is ours by default.
            if settings.health.isEnabled, settings.health.port == settings.http.listen.port {
                settings.http.listen.port += 1
                notices.append(
                    "the console is on port \(settings.http.listen.port), as health has the usual one")
            }
        } else if settings.http.listen.host == nil {
            settings.http.listen.host = settings.http.certificate == nil ? "127.0.0.1" : ""
        }
    }

    // MARK: Checks

    private mutating func checkPairs() {
        let pairs = [
            ("grpc-certificate", settings.grpc.certificate, "grpc-key", settings.grpc.key),
            ("http-certificate", settings.http.certificate, "http-key", settings.http.key),
            ("goldmane-certificate", settings.goldmane.certificate, "goldmane-key", settings.goldmane.key),
            ("push-certificate", settings.emitter.certificate, "push-key", settings.emitter.key),
        ]
        for (certificateName, certificate, keyName, key) in pairs where (certificate == nil) != (key == nil) {
            let (given, missing) =
                certificate == nil ? (keyName, certificateName) : (certificateName, keyName)
            report(given, involving: [missing], "it is of no use without \(missing); give both or none")
        }
    }

    private mutating func checkTransport() {
        if settings.isRemote {
            checkRemoteTransport()
            return
        }
        let named = [
            ("grpc-certificate", settings.grpc.certificate), ("grpc-key", settings.grpc.key),
            ("grpc-client-ca", settings.grpc.clientCA),
        ]
        if settings.general.isInsecure {
            if settings.grpc.certificate != nil || settings.grpc.key != nil {
                report(
                    "insecure", involving: named.map(\.0),
                    "there is a certificate for gRPC, too; give one or the other")
            }
            if !settings.grpc.listen.isLoopback {
                report(
                    "grpc-listen", involving: ["insecure"],
                    "\(settings.grpc.listen) can be reached from outside this machine, and insecure means plaintext; "
                        + "listen on 127.0.0.1 or give certificates (`vibrissa certs` makes them)")
            }
            return
        }
        let missing = named.filter { $0.1 == nil }.map(\.0)
        guard !missing.isEmpty else { return }
        if missing.count == 1, missing != ["grpc-client-ca"] { return }  // Said of the pair.
        report(
            missing[0], involving: missing + ["insecure"],
            "gRPC needs \(missing.joined(separator: ", ")): every client and the server show certificates; "
                + "`vibrissa certs` makes them, or use insecure for plaintext on this machine only")
    }

    private mutating func checkRemoteTransport() {
        guard settings.general.isInsecure, let address = settings.goldmane.address else { return }
        if !NetworkText.isLoopback(address.host) {
            report(
                "goldmane", involving: ["insecure"],
                "\(address) is not on this machine, and insecure means plaintext; leave insecure out, and give "
                    + "goldmane-ca, goldmane-certificate and goldmane-key")
        }
        if settings.goldmane.certificate != nil {
            report(
                "insecure", involving: ["goldmane-certificate"],
                "there is a certificate for the remote server, too; give one or the other")
        }
    }

    private mutating func checkHTTP() {
        guard settings.http.certificate == nil, !settings.http.listen.isLoopback else { return }
        report(
            "http-listen", involving: ["http-certificate", "http-key"],
            "\(settings.http.listen) can be reached from outside this machine, and there is no certificate; give "
                + "http-certificate and http-key, or listen on 127.0.0.1 and forward the port")
    }

    private mutating func checkMultiples() {
        // Nothing is sent on where nothing is collected.
        guard settings.emitter.url != nil, !settings.isRemote else { return }
        let window = settings.store.aggregationWindow.components.seconds
        for (name, value) in [
            ("emit-after", settings.emitter.emitAfter),
            ("emitter-aggregation-window", settings.emitter.aggregationWindow),
        ] where window > 0 && value.components.seconds % window != 0 {
            report(
                name, involving: ["aggregation-window", "push-url"],
                "\(DurationText.text(value)) is no multiple of aggregation-window, which is "
                    + DurationText.text(settings.store.aggregationWindow))
        }
        let reach =
            (settings.emitter.emitAfter + settings.emitter.aggregationWindow).components.seconds
        if window > 0, reach / window > Int64(settings.store.historyWindows) {
            report(
                "history-windows", involving: ["emit-after", "emitter-aggregation-window", "push-url"],
                "\(settings.store.historyWindows) windows are less than emit-after and "
                    + "emitter-aggregation-window together, so flows would leave before they are sent")
        }
    }

    private mutating func checkPorts() {
        var listeners: [(name: String, address: ListenAddress)] = [("http-listen", settings.http.listen)]
        if !settings.isRemote { listeners.append(("grpc-listen", settings.grpc.listen)) }
        if settings.health.isEnabled {
            listeners.append(
                ("health-port", ListenAddress(host: settings.health.host, port: settings.health.port)))
        }
        listeners.append(
            (
                "prometheus-port",
                ListenAddress(host: settings.health.prometheusHost, port: settings.health.prometheusPort)
            ))
        for (index, one) in listeners.enumerated() {
            for other in listeners[..<index] where one.address.collides(with: other.address) {
                report(
                    one.name, involving: [other.name],
                    "port \(one.address.port) is that of \(other.name), too; choose another for one of them")
            }
        }
    }

    // MARK: Remarks

    private mutating func remark() {
        let groups: [Setting.Group] =
            settings.isRemote ? [.grpc, .store, .emitter] : [.goldmane]
        for setting in Setting.all where groups.contains(setting.group) && isGiven(setting.name) {
            notices.append(
                "\(setting.name) has no effect " + (settings.isRemote ? "with" : "without") + " goldmane")
        }
        if isGiven("profile-port"), settings.health.profilePort != 0 {
            notices.append("profile-port has no effect: there is no such profiler here")
        }
        guard let url = settings.emitter.url, !settings.isRemote else { return }
        if !url.isSecure, !NetworkText.isLoopback(url.host) {
            notices.append("flows are sent on without TLS: push-url is not https")
        }
        if settings.general.stateDirectory == nil {
            notices.append("the emitter's progress is lost at a restart: there is no state-directory")
        }
    }
}
