// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlowExport

@Suite("Progress, switch and retries")
struct EmissionFilesTests {
    @Test(
        "progress is a number in decimal",
        arguments: [
            ("1700000010\n", 1_700_000_010), ("  1700000010\r\n", 1_700_000_010), ("0", 0),
            ("999999999999999999", 999_999_999_999_999_999), ("", nil), ("\n", nil), ("-15\n", nil),
            ("+15", nil), ("15.0", nil), ("15 30", nil), ("0x10", nil), ("1000000000000000000", nil),
            ("{}", nil), ("١٥", nil), ("15\u{0}", nil),
        ] as [(String, Int64?)])
    func progress(text: String, seconds: Int64?) {
        #expect(EmissionProgress(Array(text.utf8))?.doneSeconds == seconds)
    }

    @Test("what is written as progress is read as it was")
    func progressRoundTrip() {
        for seconds in [Int64(0), 1_700_000_325, 9_223_372_036] {
            let progress = EmissionProgress(doneSeconds: seconds)
            #expect(EmissionProgress(progress.bytes) == progress)
            #expect(progress.bytes.count <= EmissionProgress.maximumBytes)
        }
    }

    @Test(
        "only an object with emitFlows true turns emission on",
        arguments: [
            (#"{"emitFlows": true}"#, true),
            (" {\n\t\"emitFlows\" :true , \"other\":[1,{\"a\":null}]}\r\n", true),
            (#"{"emitFlows": false}"#, false), ("{}", false), (#"{"emitFlows": null}"#, false),
            (#"{"nested": {"emitFlows": true}}"#, false), (#"{"emitflows": true}"#, false),
            (#"{"note": "\"emitFlows\": true"}"#, false), (#"{"a": -1.5e+3, "emitFlows": true}"#, true),
        ])
    func usableSwitch(text: String, isOn: Bool) {
        #expect(EmissionSwitch(Array(text.utf8)) == (isOn ? .on : .off))
    }

    @Test(
        "anything else is off, with the reason",
        arguments: [
            "", "true", "[]", #"{"emitFlows": true"#, #"{"emitFlows": true}}"#, #"{"emitFlows": "true"}"#,
            #"{"emitFlows": 1}"#, #"{emitFlows: true}"#, #"{"emitFlows" true}"#,
            #"{"emitFlows": yes}"#, #"{"emitFlows": tru"#, #"{"a": "\"#, #"{"a": nan, "emitFlows": true}"#,
            // Deeper than the decoder goes.
            String(repeating: #"{"a":"#, count: 10_000) + "1" + String(repeating: "}", count: 10_000),
            #"{"emitFlows": true}"# + String(repeating: " ", count: 70_000),
        ])
    func unusableSwitch(text: String) {
        guard case .unusable(let reason) = EmissionSwitch(Array(text.utf8)) else {
            Issue.record("\(text) was accepted")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test("no cut of a switch file is on")
    func truncatedSwitch() {
        let text = Array(#"{"a":{"b":["c",1]},"emitFlows":true}"#.utf8)
        for length in 0..<text.count { #expect(EmissionSwitch(Array(text[..<length])) != .on) }
        #expect(EmissionSwitch(text) == .on)
    }

    @Test("pauses double up to the longest, and end")
    func pauses() {
        let retry = EmissionRetry()
        let pauses = (1...17).map { retry.pause(afterFailures: $0, chance: 0)?.components.seconds }
        #expect(pauses == [1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, nil, nil])
    }

    @Test("chance adds up to a quarter, to the longest pause, too")
    func jitter() {
        let retry = EmissionRetry()
        let pauses = [0, 0.5, 1].map { retry.pause(afterFailures: 3, chance: $0) }
        #expect(pauses == [.seconds(4), .milliseconds(4_500), .seconds(5)])
        #expect(retry.pause(afterFailures: 15, chance: 1) == .milliseconds(37_500))
    }

    @Test("there may be no retries, and a first pause longer than the longest")
    func oddPauses() {
        #expect(EmissionRetry(maximumRetries: 0).pause(afterFailures: 1, chance: 0) == nil)
        let retry = EmissionRetry(firstPause: .seconds(60), longestPause: .seconds(5))
        #expect(retry.pause(afterFailures: 1, chance: 0) == .seconds(5))
    }

    @Test(
        "a URL in its parts, and the name of a certificate in it",
        arguments: [
            ("http://h/p", nil, "h", "http://h/p", "http://h/p"),
            ("https://h:8443/p?token=x", nil, "h:8443", "https://h:8443/p?token=x", "https://h:8443/p"),
            ("https://h:8443/p?q", "Name.SVC", "h:8443", "https://name.svc:8443/p?q", "https://h:8443/p"),
            ("https://[::1]:8443", "name", "[::1]:8443", "https://name:8443", "https://[::1]:8443"),
            ("https://H/p", "h", "H", "https://H/p", "https://H/p"),
            ("http://h/p", "name", "h", "http://h/p", "http://h/p"),
        ] as [(String, String?, String, String, String)])
    func target(url: String, name: String?, authority: String, request: String, display: String) throws {
        let target = try #require(PushTarget(url: url, serverName: name))
        #expect([target.authority, target.requestURL, target.display] == [authority, request, display])
    }

    @Test(
        "what is no URL to push to is refused",
        arguments: [
            "", "h", "ftp://h", "http://", "http:///p", "http://user@h/", "http://h:0/", "http://h:x/",
            "http://h/ p", "http://h/\r\nHost: x", "http://h/#f", "http://[::1/", "http://[::1]x/",
            "https://é/",
        ])
    func badTarget(url: String) { #expect(PushTarget(url: url, serverName: nil) == nil) }
}
