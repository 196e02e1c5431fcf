// SPDX-License-Identifier: Apache-2.0

import ServerSettings
import Testing

@Suite("Values")
struct ValueTests {
    @Test(
        "durations are as Go writes them, or seconds",
        arguments: [
            ("15s", 15_000), ("1m30s", 90_000), ("1h", 3_600_000), ("90", 90_000), ("1.5m", 90_000),
            ("2000ms", 2_000), ("0.5h", 1_800_000), (".5m", 30_000), ("1m0s", 60_000), ("30m30m", 3_600_000),
        ] as [(String, Int)])
    func durations(text: String, milliseconds: Int) throws {
        let resolved = try resolve(["certificate-poll-interval": text].merging(plain) { $1 })
        #expect(resolved.settings.general.certificatePollInterval == .milliseconds(milliseconds))
    }

    @Test(
        "anything else is no duration",
        arguments: [
            "", " ", "s", "15 s", "15x", "-15s", "+15s", "1d", "15s ", ".s", "1..5s", "15s5",
            "9223372036854775807h",
            "99999999999999999999s", "0.0000000001s", "1e3s", "١٥s", "0", "2h", "Inf",
        ])
    func noDurations(text: String) {
        let found = problems(["certificate-poll-interval": text].merging(plain) { $1 })
        #expect(found.count == 1)
        #expect(found.first?.contains("such as 15s or 1m30s") == true, "\(found)")
        #expect(found.first?.hasPrefix("certificate-poll-interval (--certificate-poll-interval): ") == true)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let setting: String
        let good: [String]
        let bad: [String]
        var testDescription: String { setting }
    }

    static let cases = [
        Case(
            setting: "grpc-listen",
            good: ["127.0.0.1:1", "localhost:0", "[::1]:65535", "7443", "127.8.8.8:9"],
            bad: [
                "", ":", "a", "::1:80", "[::1]", "[::1]:", "[localhost]:1", "127.0.0.1:65536", "h:-1", "h:+1",
                "h: 1",
                "-h:1", "h/x:1", "1000000", "http://127.0.0.1:80", "h:1:2", "é:1",
            ]),
        Case(
            setting: "goldmane", good: ["a", "a.example.com:1", "[2001:db8::1]:7443", "192.0.2.1"],
            bad: ["", "a:0", "a:", ":7443", "https://a", "a b", "2001:db8::1:99999", "a:99999", "a\n:1"]),
        Case(
            setting: "push-url",
            good: [
                "http://a", "https://a.example.com:8443/b?c=d", "http://[2001:db8::1]/", "https://192.0.2.1",
            ],
            bad: [
                "", "a", "ftp://a", "https://", "https://:443", "https://u:p@a/", "https://a/ b",
                "https://a#b",
                "https://a:0/", "https://a:99999", "HTTPS://a", "https://é/",
            ]),
        Case(
            setting: "maximum-keys", good: ["1000", "1_000_000", "100000000"],
            bad: [
                "", "0", "999", "100000001", "-5", "1e6", "1__000", "_1000", "10k", "99999999999999999999",
                "٣٣٣٣",
            ]),
        Case(
            setting: "insecure", good: ["true", "TRUE", "1", "t", "yes", "On"],
            bad: ["", "2", "maybe", "truee"]),
        Case(
            setting: "log-level", good: ["INFO", "warn", "Warning", "fatal", "trace"],
            bad: ["", "loud", "info ", "warnings"]),
        Case(setting: "tls-min-version", good: ["1.2", "1.3"], bad: ["", "1.1", "1.20", "TLS1.2", "2"]),
        Case(
            setting: "tls-cipher-suites",
            good: ["TLS_A", "TLS_A,TLS_B", "TLS_A, TLS_B"],
            bad: ["", ",", "TLS_A,", "ECDHE", "tls_a", "TLS_A TLS_B", "TLS_\u{1b}"]),
        Case(setting: "state-directory", good: ["a", "/a b"], bad: ["", "a\u{0}b"]),
        Case(setting: "health-port", good: ["1", "65535"], bad: ["", "0", "65536", "-1", "1.5"]),
        Case(setting: "push-server-name", good: ["a.example.com", "url-host"], bad: ["", "a b", "a/b"]),
    ]

    @Test("each kind of value accepts what it says and nothing else", arguments: cases)
    func forms(_ one: Case) {
        // Nothing but the value itself may be judged.
        let base = one.setting == "goldmane" ? [:] : plain
        for text in one.good {
            #expect(problems(base.merging([one.setting: text]) { $1 }).isEmpty, "\(text)")
        }
        for text in one.bad {
            let found = problems(base.merging([one.setting: text]) { $1 })
            #expect(found.count == 1, "\(text): \(found)")
            #expect(found.first?.contains("is not accepted; it must be") == true, "\(found)")
        }
    }

    @Test("words of Calico's mean the nearest of ours")
    func logLevels() throws {
        for (word, level) in [("WARN", LogThreshold.warning), ("panic", .critical), ("Fatal", .critical)] {
            #expect(try resolve(plain, environment: ["LOG_LEVEL": word]).settings.general.logLevel == level)
        }
    }

    @Test("hostile values are escaped and cut short in messages")
    func hostile() {
        let found = problems(
            ["log-level": "\u{1b}[31m\n\u{202e}" + String(repeating: "x", count: 10_000)].merging(plain) {
                $1
            })
        #expect(found.count == 1)
        #expect(found[0].count < 400)
        #expect(!found[0].contains("\u{1b}") && !found[0].contains("\n") && !found[0].contains("\u{202e}"))
    }
}
