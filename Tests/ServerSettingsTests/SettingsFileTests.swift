// SPDX-License-Identifier: Apache-2.0

import ServerSettings
import Testing

@Suite("The file of settings")
struct SettingsFileTests {
    @Test("names and values, comments, quotes and one list")
    func whole() throws {
        let resolved = try resolve(
            file: """
                # A server for a try-out.
                insecure: true
                grpc-listen: "127.0.0.1:9"     # loopback

                log-level: 'debug'
                maximum-keys: 1_000_000
                tls-cipher-suites:
                  - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
                  - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
                aggregation-window: 30s
                """)
        let settings = resolved.settings
        #expect(settings.general.isInsecure)
        #expect(settings.grpc.listen.port == 9)
        #expect(settings.general.logLevel == .debug)
        #expect(settings.general.cipherSuites.count == 2)
        #expect(resolved.origins["log-level"] == .file("/etc/vibrissa.yaml", line: 5))
    }

    @Test(
        "a file without settings is as good as none",
        arguments: ["", "\n\n", "# nothing\n", "---\n", "~", "{}", "null\n"])
    func nothing(text: String) throws {
        #expect(try resolve(plain, file: text) == resolve(plain))
    }

    @Test(
        "what is wrong is told with its line",
        arguments: [
            (
                "log-level: debug\nagregation-window: 15s\n",
                "agregation-window (/etc/vibrissa.yaml, line 2): there is no such setting; "
                    + "did you mean aggregation-window?"
            ),
            (
                "LOG_LEVEL: debug",
                "LOG_LEVEL (/etc/vibrissa.yaml, line 1): there is no such setting; did you mean log-level?"
            ),
            ("xyzzy: 1", "xyzzy (/etc/vibrissa.yaml, line 1): there is no such setting"),
            (
                "\n\nthreads: many",
                "threads (/etc/vibrissa.yaml, line 3): \"many\" is not accepted; it must be a whole number"
            ),
            ("threads:\nlog-level: info", "threads (/etc/vibrissa.yaml, line 1): there is no value"),
            ("threads: null", "threads (/etc/vibrissa.yaml, line 1): there is no value"),
            ("threads: ''", "threads (/etc/vibrissa.yaml, line 1): there is no value"),
            ("threads: [1, 2]", "threads (/etc/vibrissa.yaml, line 1): the value must be a plain word"),
            ("grpc:\n  listen: 1", "grpc (/etc/vibrissa.yaml, line 1): there is no such setting"),
            ("config: /a", "config (/etc/vibrissa.yaml, line 1): a file cannot name another"),
            (
                "log-level: info\nthreads: 1\nlog-level: debug",
                "log-level (/etc/vibrissa.yaml, line 1): it is given twice"
            ),
            ("- threads", "/etc/vibrissa.yaml, line 1: it must hold one name: value per line"),
            ("threads", "/etc/vibrissa.yaml, line 1: it must hold one name: value per line"),
            ("threads: 1\n\tlog-level: info", "/etc/vibrissa.yaml, line 2: the YAML cannot be read"),
            ("threads: \"1", "/etc/vibrissa.yaml, line "),
            ("? [a]\n: 1", "/etc/vibrissa.yaml, line 1: a name must be a plain word"),
            ("threads: 1\n---\nthreads: 2", "/etc/vibrissa.yaml, line 2: the YAML cannot be read"),
            (
                "tls-cipher-suites: [{a: b}]",
                "tls-cipher-suites (/etc/vibrissa.yaml, line 1): \"\" is not accepted"
            ),
        ])
    func wrong(text: String, problem: String) {
        let found = problems(plain, file: text)
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.hasPrefix(problem) == true, "\(found)")
    }

    @Test("hostile files are refused without harm")
    func hostile() {
        let files = [
            String(repeating: "[", count: 60_000), String(repeating: "a: ", count: 10_000),
            String(repeating: "x", count: 70_000), String(repeating: "- ", count: 20_000), "\u{0}",
            "\u{feff}\u{1}: 1",
            "a: &a [1]\nb: *a", "*a : 1", "!!binary x: 1", "%YAML 9.9\n---\na: 1", "<<: {a: 1}",
            (["a: &a0 1"] + (1..<20).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]" }).joined(
                separator: "\n"),
            (0..<9_000).map { "k\($0): 1" }.joined(separator: "\n"),
        ]
        for file in files {
            let found = problems(plain, file: file)
            #expect(!found.isEmpty, "\(file.prefix(40))")
            for problem in found { #expect(problem.count < 1_000 && !problem.contains("\u{1}")) }
        }
    }

    @Test("any bytes are read or refused")
    func random() {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let pieces = [
            "threads", ": ", "\n", "  ", "- ", "[", "]", "{", "}", "&a", "*a", "\"", "'", "|", ">", "#", "!",
            "\t", "1",
            "log-level", "info", ",", "?", "---", "...", "~", "é",
        ]
        for _ in 0..<3_000 {
            let text = (0..<next(16)).map { _ in pieces[next(pieces.count)] }.joined()
            for problem in problems(plain, file: text) {
                #expect(!problem.hasPrefix("unexpected"), "\(text)")
            }
        }
    }
}
