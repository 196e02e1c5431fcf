// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlowStore
import NetworkModel
import Testing

@testable import FlowTool

@Suite("Times on the command line")
struct TimeTests {
    @Test(
        "a time is how long ago, or when",
        arguments: [
            ("10m", .ago(600)), ("-10m", .ago(600)), ("90s", .ago(90)), ("1h30m", .ago(5_400)),
            ("2d", .ago(172_800)),
            ("1w", .ago(604_800)), ("1500ms", .ago(1)), ("0s", .now), ("now", .now), ("-300", .ago(300)),
            ("-0", .now),
            ("1767323040", .at(t0)), ("2026-01-02T03:04:00Z", .at(t0)), ("2026-01-02t03:04:00z", .at(t0)),
            ("2026-01-02 03:04:00Z", .at(t0)), ("2026-01-02T04:04:00+01:00", .at(t0)),
            ("2026-01-01T21:34:00-05:30", .at(t0)), ("2026-01-02T03:04:00.999Z", .at(t0)),
            ("2026-01-02", .at(t0 - 11_040)), ("2024-02-29", .at(1_709_164_800)),
            ("2026-12-31T23:59:60Z", .at(1_798_761_600)),
        ] as [(String, TimeArgument)])
    func reads(text: String, expected: TimeArgument) { #expect(TimeArgument(text) == expected) }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "-", "m", "10", "0", "10x", "10 m", "1.5h", "--10m", "10m-", "yesterday",
            "2026-01-02T03:04:00",
            "2026-13-01", "2026-02-30", "2025-02-29", "2026-01-02T24:00:00Z", "2026-01-02T03:60:00Z",
            "2026-01-02T03:04:00.Z", "2026-01-02T03:04:00Zx", "2026-1-2", "1969-01-01",
            "99999999999999999999",
            "9223372036854775807w", "2026-01-02T03:04:00+1:00", "+10m",
        ])
    func refuses(text: String) {
        #expect(TimeArgument(text) == nil)
        #expect(throws: (any Error).self) { try TimeArgument.reading(text) }
    }

    @Test("a time range stands on the wire as the flow API has it")
    func wire() throws {
        func range(_ arguments: [String]) throws -> FlowTimeRange {
            try FlowRangeOptions.parse(arguments).range
        }
        #expect(try range([]) == FlowTimeRange(startGTE: 0, startLT: 0))
        #expect(
            try range(["--since", "-15m", "--until", "5m"]) == FlowTimeRange(startGTE: -900, startLT: -300))
        #expect(try range(["--since=10m", "--until=now"]) == FlowTimeRange(startGTE: -600, startLT: 0))
        #expect(try range(["--since", "\(t0)"]) == FlowTimeRange(startGTE: t0, startLT: 0))
        for wrong in [
            ["--since", "now"], ["--since", "5m", "--until", "10m"],
            ["--since", "2026-01-02", "--until", "2026-01-01"],
        ] {
            #expect(throws: (any Error).self) { try range(wrong) }
        }
    }

    @Test("what is written is read again, for random times")
    func roundTrip() {
        var numbers = SeededNumbers(state: 11)
        for _ in 0..<5_000 {
            let seconds = Int64.random(in: -9_000_000_000...9_000_000_000, using: &numbers)
            #expect(RFC3339.parse(RFC3339.text(seconds: seconds))?.seconds == seconds)
            let time = Timestamp(
                nanoseconds: seconds * 1_000_000_000 + Int64.random(in: 0..<1_000, using: &numbers)
                    * 1_000_000)
            #expect(RFC3339.parse(RFC3339.text(time)) == time)
        }
        #expect(RFC3339.text(seconds: t0) == "2026-01-02T03:04:00Z")
        #expect(RFC3339.text(seconds: .min) == "0000-01-01T00:00:00Z")
        #expect(RFC3339.text(seconds: .max) == "9999-12-31T23:59:59Z")
    }
}
