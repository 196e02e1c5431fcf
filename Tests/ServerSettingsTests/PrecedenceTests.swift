// SPDX-License-Identifier: Apache-2.0

import ServerSettings
import Testing

@Suite("Which value wins")
struct PrecedenceTests {
    @Test("flag, then our variable, then theirs, then the file, then the default")
    func order() throws {
        let file = "aggregation-window: 5s"
        let theirs = ["AGGREGATION_WINDOW": "4s"]
        let both = theirs.merging(["VIBRISSA_AGGREGATION_WINDOW": "3s"]) { $1 }
        func window(
            _ arguments: [String: String] = [:], _ environment: [String: String] = [:], _ file: String? = nil
        ) throws -> (Duration, SettingOrigin?) {
            let resolved = try resolve(
                arguments.merging(plain) { $1 }, environment: environment, file: file)
            return (resolved.settings.store.aggregationWindow, resolved.origins["aggregation-window"])
        }
        #expect(
            try window(["aggregation-window": "2s"], both, file) == (.seconds(2), .flag("aggregation-window"))
        )
        #expect(try window([:], both, file) == (.seconds(3), .variables(["VIBRISSA_AGGREGATION_WINDOW"])))
        #expect(try window([:], theirs, file) == (.seconds(4), .variables(["AGGREGATION_WINDOW"])))
        #expect(try window([:], [:], file) == (.seconds(5), .file("/etc/vibrissa.yaml", line: 1)))
        #expect(try window() == (.seconds(15), nil))
    }

    @Test("an empty variable is none")
    func empty() throws {
        let resolved = try resolve(
            plain,
            environment: [
                "VIBRISSA_AGGREGATION_WINDOW": "", "AGGREGATION_WINDOW": "4s", "GOLDMANE_HOST": "",
                "PUSH_URL": "",
            ])
        #expect(resolved.settings.store.aggregationWindow == .seconds(4))
        #expect(!resolved.settings.isRemote)
    }

    @Test("a value that another wins over is not judged")
    func hidden() throws {
        let resolved = try resolve(
            ["log-level": "debug"].merging(plain) { $1 }, environment: ["LOG_LEVEL": "loud"],
            file: "log-level: silent")
        #expect(resolved.settings.general.logLevel == .debug)
    }

    @Test("Goldmane's pod as its operator sets it up starts unchanged")
    func goldmanePod() throws {
        let resolved = try resolve(environment: [
            "LOG_LEVEL": "INFO", "PORT": "7443", "SERVER_CERT_PATH": "/goldmane-key-pair/tls.crt",
            "SERVER_KEY_PATH": "/goldmane-key-pair/tls.key",
            "CA_CERT_PATH": "/etc/pki/tls/certs/tigera-ca-bundle.crt",
            "PUSH_URL": "https://guardian.example.com/api/v1/flows/bulk",
            "FILE_CONFIG_PATH": "/config/config.json",
            "HEALTH_ENABLED": "true", "PROMETHEUS_PORT": "9081", "CA_BUNDLE": "ignored", "HOST": "ignored",
        ])
        let settings = resolved.settings
        #expect(!settings.isRemote)
        #expect(settings.grpc.listen == ListenAddress(host: "", port: 7443))
        #expect(settings.grpc.certificate == "/goldmane-key-pair/tls.crt")
        #expect(settings.grpc.clientCA == "/etc/pki/tls/certs/tigera-ca-bundle.crt")
        #expect(settings.emitter.ca == settings.grpc.clientCA)
        #expect(settings.emitter.url?.host == "guardian.example.com")
        #expect(settings.emitter.url?.port == 443)
        #expect(settings.emitter.serverName == "tigera-linseed.tigera-elasticsearch.svc")
        #expect(settings.health.isEnabled)
        #expect(settings.health.port == 8080)
        #expect(settings.health.prometheusPort == 9_081)
        // Port 8080 is for the probes.
        #expect(settings.http.listen == ListenAddress(host: "127.0.0.1", port: 8081))
    }

    @Test("whisker-backend's container as its operator sets it up starts unchanged")
    func whiskerBackendContainer() throws {
        let resolved = try resolve(environment: [
            "LOG_LEVEL": "INFO", "PORT": "3002",
            "GOLDMANE_HOST": "goldmane.calico-system.svc.cluster.local:7443",
            "TLS_CERT_PATH": "/pair/tls.crt",
            "TLS_KEY_PATH": "/pair/tls.key", "SERVER_TLS_CERT_PATH": "/pair/tls.crt",
            "SERVER_TLS_KEY_PATH": "/pair/tls.key",
        ])
        let settings = resolved.settings
        #expect(settings.isRemote)
        #expect(settings.goldmane.address?.description == "goldmane.calico-system.svc.cluster.local:7443")
        #expect(settings.goldmane.certificate == "/pair/tls.crt")
        #expect(settings.goldmane.ca == "/etc/pki/tls/certs/ca.crt")
        #expect(settings.http.listen == ListenAddress(host: "", port: 3002))
        #expect(resolved.notices.isEmpty)
    }

    @Test("PORT, HOST and CA_CERT_PATH mean what the product means that is replaced")
    func modes() throws {
        let variables = ["PORT": "3002", "HOST": "::1", "CA_CERT_PATH": "/ca.crt"]
        let own = try resolve(plain, environment: variables).settings
        #expect(own.grpc.listen == ListenAddress(host: "127.0.0.1", port: 3002))
        #expect(own.grpc.clientCA == "/ca.crt")
        #expect(own.http.listen == ListenAddress(host: "127.0.0.1", port: 8080))
        #expect(own.goldmane.ca != "/ca.crt")
        for remote in [["goldmane": "goldmane.example.com"], ["goldmane": "192.0.2.1:443"]] {
            let settings = try resolve(remote, environment: variables).settings
            #expect(settings.http.listen == ListenAddress(host: "::1", port: 3002))
            #expect(settings.goldmane.ca == "/ca.crt")
            #expect(settings.grpc.clientCA == nil)
        }
        #expect(try resolve(environment: variables, file: "goldmane: a.example.com").settings.isRemote)
    }

    @Test(
        "HOST and PORT make one address, each with its default",
        arguments: [
            (["HOST": "127.0.0.1"], "127.0.0.1:8080"), (["PORT": "3002"], "127.0.0.1:3002"),
            (["HOST": "localhost", "PORT": "1"], "localhost:1"), (["HOST": "[::1]", "PORT": "1"], "[::1]:1"),
            ([:], "127.0.0.1:8080"), (["HOST": "", "PORT": ""], "127.0.0.1:8080"),
        ] as [([String: String], String)])
    func hostAndPort(variables: [String: String], address: String) throws {
        let settings = try resolve(["goldmane": "a.example.com"], environment: variables).settings
        #expect(settings.http.listen.description == address)
    }

    @Test("variables that Kubernetes makes for Services are no settings")
    func serviceLinks() throws {
        let resolved = try resolve(
            plain,
            environment: [
                "PROMETHEUS_PORT": "tcp://192.0.2.1:9090", "VIBRISSA_PORT": "tcp://192.0.2.2:7443",
                "VIBRISSA_PORT_7443_TCP_ADDR": "192.0.2.2", "VIBRISSA_SERVICE_HOST": "192.0.2.2",
                "VIBRISSA_SERVICE_PORT": "7443",
            ])
        #expect(resolved.settings.health.prometheusPort == 0)
        #expect(resolved.notices.count == 1)
        #expect(resolved.notices[0].hasPrefix("PROMETHEUS_PORT is left out"))
    }

    @Test("a variable of ours that is misspelt is noticed, and never more than twenty")
    func misspelt() throws {
        let resolved = try resolve(plain, environment: ["VIBRISSA_GRPC_LISTN": ":1", "VIBRISSA_XYZZY": "1"])
        #expect(
            resolved.notices == [
                "VIBRISSA_GRPC_LISTN is no setting; did you mean VIBRISSA_GRPC_LISTEN?",
                "VIBRISSA_XYZZY is no setting",
            ])
        let many = Dictionary(uniqueKeysWithValues: (0..<100).map { ("VIBRISSA_X\($0)", "1") })
        #expect(try resolve(plain, environment: many).notices.count == 20)
    }

    @Test("the file is named by flag or by variable")
    func filePath() {
        let environment = ["VIBRISSA_CONFIG": "/b"]
        #expect(ServerSettings.filePath(arguments: ["config": "/a"], environment: environment) == "/a")
        #expect(ServerSettings.filePath(arguments: [:], environment: environment) == "/b")
        #expect(ServerSettings.filePath(arguments: [:], environment: ["VIBRISSA_CONFIG": ""]) == nil)
    }
}
