// SPDX-License-Identifier: Apache-2.0

extension Setting {
    /// Every setting, in the order of the reference page.
    public static let all = general + grpc + http + goldmane + history + emitter + health

    private static let general = [
        Setting(
            "config", .general, \.general.config, ValueForm<String>.path.optional,
            help:
                "A YAML file of settings: names as here, without hyphens in front. Flags and environment win."
        ),
        Setting(
            "log-level", .general, \.general.logLevel, .logLevel, variables: [.theirs("LOG_LEVEL")],
            help: "The least severe message that is logged."),
        Setting(
            "threads", .general, \.general.threads, ValueForm.number(1...256).optional,
            default: "one per processor", help: "Threads that serve connections."),
        Setting(
            "state-directory", .general, \.general.stateDirectory, ValueForm<String>.directory.optional,
            help: "Where the emitter's progress is kept over restarts. Without it, progress is forgotten."),
        Setting(
            "insecure", .general, \.general.isInsecure, .yesOrNo,
            help: "gRPC without TLS. Accepted only where nobody outside this machine can connect."),
        Setting(
            "tls-min-version", .general, \.general.minimumTLSVersion, .tlsVersion,
            variables: [.theirs("TLS_MIN_VERSION")], help: "The oldest TLS version that is accepted."),
        Setting(
            "tls-cipher-suites", .general, \.general.cipherSuites, .cipherSuites,
            variables: [.theirs("TLS_CIPHER_SUITES")], default: "ECDHE with AES-GCM or ChaCha20",
            help: "Cipher suites for TLS 1.2, best first. Those of TLS 1.3 cannot be chosen."),
        Setting(
            "certificate-poll-interval", .general, \.general.certificatePollInterval,
            .duration(.seconds(1) ... .seconds(3_600)),
            help: "Time between two looks at certificate files; those that changed are used from then on."),
    ]

    private static let grpc = [
        Setting(
            "grpc-listen", .grpc, \.grpc.listen, .listenAddress, variables: [.goldmane("PORT")],
            default: ":7443; 127.0.0.1:7443 with insecure",
            help: "Where flows are received and queries answered over gRPC."),
        Setting(
            "grpc-certificate", .grpc, \.grpc.certificate, ValueForm<String>.path.optional,
            variables: [.goldmane("SERVER_CERT_PATH")],
            help: "PEM file with the server's certificate and those that lead to its authority."),
        Setting(
            "grpc-key", .grpc, \.grpc.key, ValueForm<String>.path.optional,
            variables: [.goldmane("SERVER_KEY_PATH")], help: "PEM file with the certificate's private key."),
        Setting(
            "grpc-client-ca", .grpc, \.grpc.clientCA, ValueForm<String>.path.optional,
            variables: [.goldmane("CA_CERT_PATH")],
            help: "PEM file with the authorities of client certificates. Every client must have one."),
    ]

    private static let http = [
        Setting(
            "http-listen", .http, \.http.listen, .listenAddress,
            variables: [.backend("HOST"), .backend("PORT")],
            default: "127.0.0.1:8080; port 8081 when health has 8080",
            help: "Where the console and the HTTP API are served. Other than loopback needs a certificate."),
        Setting(
            "http-certificate", .http, \.http.certificate, ValueForm<String>.path.optional,
            variables: [.theirs("SERVER_TLS_CERT_PATH")],
            help: "PEM file with the certificate for HTTPS. Browsers are asked for none."),
        Setting(
            "http-key", .http, \.http.key, ValueForm<String>.path.optional,
            variables: [.theirs("SERVER_TLS_KEY_PATH")],
            help: "PEM file with the private key of that certificate."),
        Setting(
            "maximum-subscribers", .http, \.http.maximumSubscribers, .number(1...100_000),
            help: "Live streams over HTTP at a time; one more is refused."),
    ]

    private static let goldmane = [
        Setting(
            "goldmane", .goldmane, \.goldmane.address, ValueForm.remote(usualPort: 7443).optional,
            variables: [.theirs("GOLDMANE_HOST")],
            help: "Ask this server for flows, and collect none: console and HTTP API only."),
        Setting(
            "goldmane-certificate", .goldmane, \.goldmane.certificate, ValueForm<String>.path.optional,
            variables: [.backend("TLS_CERT_PATH")],
            help: "PEM file with the certificate to show to the remote server."),
        Setting(
            "goldmane-key", .goldmane, \.goldmane.key, ValueForm<String>.path.optional,
            variables: [.backend("TLS_KEY_PATH")], help: "PEM file with the private key of that certificate."),
        Setting(
            "goldmane-ca", .goldmane, \.goldmane.ca, .path, variables: [.backend("CA_CERT_PATH")],
            help: "PEM file with the authorities of the remote server's certificate."),
        Setting(
            "goldmane-server-name", .goldmane, \.goldmane.serverName, ValueForm<String>.host.optional,
            default: "the host of goldmane",
            help: "The name in the remote server's certificate, if it is not the host that is connected to."),
    ]

    private static let history = [
        Setting(
            "aggregation-window", .store, \.store.aggregationWindow,
            .duration(.seconds(1) ... .seconds(3_600), wholeSeconds: true),
            variables: [.theirs("AGGREGATION_WINDOW")],
            help: "Width of a window. What a flow did within one is added up."),
        Setting(
            "history-windows", .store, \.store.historyWindows, .number(2...59_998),
            help: "Past windows that are kept: 240 of 15 seconds are an hour."),
        Setting(
            "maximum-keys", .store, \.store.maximumKeys, .number(1_000...100_000_000),
            help: "Distinct flows in memory. Beyond, the oldest windows leave early."),
        Setting(
            "maximum-key-share", .store, \.store.maximumKeyShare, .number(1...100),
            help: "The part of them, in percent, that one sender may bring."),
        Setting(
            "maximum-rows", .store, \.store.maximumRows, .number(10_000...10_000_000_000),
            help: "Pairs of a flow and a window with data in it, 20 to 30 bytes of memory each."),
        Setting(
            "maximum-labels", .store, \.store.maximumLabels, .number(0...1_024),
            help: "Labels of one end of a flow. Further ones are left out."),
        Setting(
            "maximum-key-bytes", .store, \.store.maximumKeyBytes, .number(1_024...1_048_576),
            help: "Text of a flow's names and policies. Flows with more are refused."),
        Setting(
            "maximum-encoded-bytes", .store, \.store.maximumEncodedBytes, .number(1_048_576...68_719_476_736),
            help: "Memory for encoded flows, and as much for labels, that save decoding them again."),
        Setting(
            "maximum-deliveries", .store, \.store.maximumDeliveries, .number(10_000...1_000_000_000),
            help: "Deliveries that are remembered, so that one sent twice counts once."),
        Setting(
            "deduplication-window", .store, \.store.deduplicationWindow,
            .duration(.seconds(10) ... .seconds(86_400), wholeSeconds: true),
            help: "How long they are remembered. Calico's nodes send five minutes again after a reconnect."),
        Setting(
            "maximum-streams", .store, \.store.maximumStreams, .number(1...100_000),
            help: "Live streams over gRPC at a time; one more is refused."),
    ]

    private static let emitter = [
        Setting(
            "push-url", .emitter, \.emitter.url, ValueForm<PushURL>.pushURL.optional,
            variables: [.goldmane("PUSH_URL")], help: "Send flows on to this address, as lines of JSON."),
        Setting(
            "emit-after", .emitter, \.emitter.emitAfter,
            .duration(.seconds(0) ... .seconds(86_400), wholeSeconds: true),
            variables: [.goldmane("EMIT_AFTER_SECONDS")],
            help: "How long to wait for late flows; a multiple of aggregation-window."),
        Setting(
            "emitter-aggregation-window", .emitter, \.emitter.aggregationWindow,
            .duration(.seconds(1) ... .seconds(86_400), wholeSeconds: true),
            variables: [.goldmane("EMITTER_AGGREGATION_WINDOW")],
            help: "The time that one record covers; a multiple of aggregation-window."),
        Setting(
            "push-certificate", .emitter, \.emitter.certificate, ValueForm<String>.path.optional,
            variables: [.goldmane("CLIENT_CERT_PATH")],
            help: "PEM file with the certificate to show to the receiver."),
        Setting(
            "push-key", .emitter, \.emitter.key, ValueForm<String>.path.optional,
            variables: [.goldmane("CLIENT_KEY_PATH")],
            help: "PEM file with the private key of that certificate."),
        Setting(
            "push-ca", .emitter, \.emitter.ca, ValueForm<String>.path.optional,
            variables: [.goldmane("CA_CERT_PATH")], default: "the system's",
            help: "PEM file with the authorities of the receiver's certificate."),
        Setting(
            "push-server-name", .emitter, \.emitter.serverName,
            .serverName(orWord: "url-host", meaning: "the host of push-url"),
            variables: [.goldmane("SERVER_NAME")], help: "The name in the receiver's certificate."),
        Setting(
            "push-switch-file", .emitter, \.emitter.switchFile, ValueForm<String>.path.optional,
            variables: [.goldmane("FILE_CONFIG_PATH")],
            help: "A file that switches the emitter: {\"emitFlows\": true}. Without it, it is on."),
    ]

    private static let health = [
        Setting(
            "health", .health, \.health.isEnabled, .yesOrNo, variables: [.goldmane("HEALTH_ENABLED")],
            help: "Serve /readiness and /liveness over HTTP."),
        Setting(
            "health-host", .health, \.health.host, .host, variables: [.goldmane("HEALTH_HOST")],
            default: "all addresses", help: "Where."),
        Setting(
            "health-port", .health, \.health.port, .port(1...65_535), variables: [.goldmane("HEALTH_PORT")],
            help: "On which port."),
        Setting(
            "prometheus-host", .health, \.health.prometheusHost, .host, default: "all addresses",
            help: "Where metrics are served."),
        Setting(
            "prometheus-port", .health, \.health.prometheusPort, .port(0...65_535),
            variables: [.goldmane("PROMETHEUS_PORT")], help: "Serve /metrics over HTTP on this port; 0: not."),
        Setting(
            "profile-port", .health, \.health.profilePort, .port(0...65_535),
            variables: [.goldmane("PROFILE_PORT")], help: "Accepted, of no effect: there is no such profiler."
        ),
    ]
}
