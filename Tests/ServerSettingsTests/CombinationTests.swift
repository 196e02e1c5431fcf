// SPDX-License-Identifier: Apache-2.0

import ServerSettings
import Testing

@Suite("Values that do not go together")
struct CombinationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var given: [String: String]
        /// The beginning of each problem and a piece of it, in order.
        let says: [(String, String)]
    }

    static let tls = ["grpc-certificate": "/a", "grpc-key": "/b", "grpc-client-ca": "/c"]
    static let https = ["http-certificate": "/d", "http-key": "/e"]

    static let cases = [
        Case(
            testDescription: "neither certificates nor consent to plaintext", given: [:],
            says: [("grpc-certificate: ", "vibrissa certs")]),
        Case(
            testDescription: "no authority", given: ["grpc-certificate": "/a", "grpc-key": "/b"],
            says: [("grpc-client-ca: ", "gRPC needs grpc-client-ca")]),
        Case(
            testDescription: "no key", given: ["grpc-certificate": "/a", "grpc-client-ca": "/c"],
            says: [("grpc-certificate (--grpc-certificate): ", "without grpc-key")]),
        Case(
            testDescription: "plaintext and certificates", given: tls.merging(plain) { $1 },
            says: [("insecure (--insecure): ", "one or the other")]),
        Case(
            testDescription: "plaintext for everyone", given: ["insecure": "true", "grpc-listen": ":7443"],
            says: [("grpc-listen (--grpc-listen): ", "can be reached from outside")]),
        Case(
            testDescription: "plaintext for a network",
            given: ["insecure": "true", "grpc-listen": "192.0.2.1:7443"],
            says: [("grpc-listen (--grpc-listen): ", "can be reached from outside")]),
        Case(
            testDescription: "HTTP for everyone", given: ["insecure": "true", "http-listen": "0.0.0.0:80"],
            says: [("http-listen (--http-listen): ", "there is no certificate")]),
        Case(
            testDescription: "half of HTTPS", given: ["insecure": "true", "http-key": "/e"],
            says: [("http-key (--http-key): ", "without http-certificate")]),
        Case(
            testDescription: "plaintext to a remote server",
            given: ["insecure": "true", "goldmane": "a.example.com"],
            says: [("goldmane (--goldmane): ", "not on this machine")]),
        Case(
            testDescription: "windows that do not fit",
            given: ["insecure": "true", "push-url": "https://a", "aggregation-window": "7s"],
            says: [("emit-after: ", "no multiple"), ("emitter-aggregation-window: ", "no multiple")]),
        Case(
            testDescription: "a history shorter than what is emitted",
            given: ["insecure": "true", "push-url": "https://a", "history-windows": "20"],
            says: [("history-windows (--history-windows): ", "leave before")]),
        Case(
            testDescription: "one port for two",
            given: ["insecure": "true", "grpc-listen": "127.0.0.1:8080", "prometheus-port": "8080"],
            says: [
                ("grpc-listen (--grpc-listen): ", "that of http-listen"),
                ("prometheus-port (--prometheus-port): ", "that of http-listen"),
                ("prometheus-port (--prometheus-port): ", "that of grpc-listen"),
            ]),
        Case(
            testDescription: "many things at once",
            given: [
                "log-level": "loud", "threads": "many", "http-listen": ":80", "grpc-key": "/b", "fred": "1",
            ],
            says: [
                ("fred (--fred): ", "no such setting"), ("log-level (--log-level): ", "loud"),
                ("threads (--threads): ", "many"), ("grpc-key (--grpc-key): ", "grpc-certificate"),
                ("grpc-certificate: ", "gRPC needs grpc-certificate, grpc-client-ca"),
                ("http-listen (--http-listen): ", "no certificate"),
            ]),
        Case(
            testDescription: "a refused value is not judged twice",
            given: ["insecure": "perhaps", "goldmane": "a:b:c"],
            says: [("goldmane (--goldmane): ", "a:b:c"), ("insecure (--insecure): ", "perhaps")]),
    ]

    @Test("every problem is told, each once", arguments: cases)
    func combinations(_ bad: Case) {
        let found = problems(bad.given)
        #expect(found.count == bad.says.count, "\(found)")
        for (problem, says) in zip(found, bad.says) {
            #expect(problem.hasPrefix(says.0), "\(problem)")
            #expect(problem.contains(says.1), "\(problem)")
        }
    }

    @Test(
        "what goes together is accepted",
        arguments: [
            tls, tls.merging(https) { $1 }, plain, plain.merging(["grpc-listen": "[::1]:1"]) { $1 },
            tls.merging(https) { $1 }.merging(["http-listen": ":443", "grpc-listen": ":7443"]) { $1 },
            ["goldmane": "a.example.com"], ["goldmane": "localhost:1", "insecure": "true"],
            plain.merging(["http-listen": "0", "grpc-listen": "0"]) { $1 },
            plain.merging(["aggregation-window": "7s"]) { $1 },
            plain.merging(["push-url": "https://a", "emit-after": "0", "aggregation-window": "1m"]) { $1 },
            plain.merging([
                "health": "true", "health-host": "192.0.2.1", "health-port": "8081", "http-listen": "8081",
            ]) {
                $1
            },
        ])
    func sound(given: [String: String]) {
        #expect(problems(given).isEmpty)
    }

    @Test("defaults follow from what else is said")
    func dependentDefaults() throws {
        #expect(try resolve(plain).settings.grpc.listen.description == "127.0.0.1:7443")
        #expect(try resolve(Self.tls).settings.grpc.listen.description == ":7443")
        #expect(
            try resolve(plain.merging(["grpc-listen": "99"]) { $1 }).settings.grpc.listen.description
                == "127.0.0.1:99")
        #expect(
            try resolve(Self.tls.merging(Self.https) { $1 }.merging(["http-listen": "443"]) { $1 })
                .settings.http.listen.description == ":443")
        // A certificate alone does not open the console to the network.
        #expect(
            try resolve(Self.tls.merging(Self.https) { $1 }).settings.http.listen.description
                == "127.0.0.1:8080")
    }

    @Test("what has no effect is noticed")
    func notices() throws {
        #expect(
            try resolve(
                plain.merging(["goldmane-key": "/a", "goldmane-certificate": "/b", "profile-port": "6060"]) {
                    $1
                }
            )
            .notices.count == 3)
        #expect(
            try resolve(["goldmane": "a.example.com", "history-windows": "10", "push-url": "https://a"])
                .notices
                == [
                    "history-windows has no effect with goldmane", "push-url has no effect with goldmane",
                ])
        #expect(
            try resolve(plain.merging(["push-url": "http://a.example.com", "state-directory": "/a"]) { $1 })
                .notices
                == ["flows are sent on without TLS: push-url is not https"])
    }
}
