// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import Testing

@testable import Lab

@Suite("Workload options")
struct WorkloadOptionsTests {
    @Test("reads every option")
    func readsEverything() throws {
        let options = try WorkloadOptions.parse([
            "--netns", "/run/netns/x", "--name=shop/frontend", "--parent", "4711", "--dns",
            "10.96.0.10,fd00:10:96::a",
            "--hosts", "/run/zone", "--seed", "7", "--address", "203.0.113.10", "--address", "2001:db8::10",
            "--serve", "http:8080", "--serve", "dns:53",
            "--call", "http://Catalog.Shop:8080/items every=2s", "--call",
            "tcp://db.data:5432 every=3s hold=10s bytes=2000",
            "--call", "dns://[fd00:10:96::a]:53/www.example.com", "--call", "icmp://10.0.0.1 every=5m",
            "--probe", "tcp 10.244.0.0/24 ports=22,3306 every=250ms hosts=3",
        ])
        #expect(options.networkNamespacePath == "/run/netns/x")
        #expect(options.name == "shop/frontend")
        #expect(options.parent == 4711)
        #expect(options.nameServers.map(\.description) == ["10.96.0.10", "fd00:10:96::a"])
        #expect(options.localAddresses.count == 2)
        #expect(options.seed == 7)
        #expect(
            options.behavior.servers == [
                WorkloadServer(kind: .http, port: 8080), WorkloadServer(kind: .dns, port: 53),
            ])
        #expect(
            options.behavior.calls == [
                WorkloadCall(
                    kind: .http, host: .name("catalog.shop"), port: 8080, path: "/items", every: .seconds(2)),
                WorkloadCall(
                    kind: .tcp, host: .name("db.data"), port: 5432, every: .seconds(3), hold: .seconds(10),
                    bytes: 2000),
                WorkloadCall(
                    kind: .dns, host: .address(IPAddress("fd00:10:96::a")!), port: 53, path: "www.example.com"
                ),
                WorkloadCall(kind: .icmp, host: .address(IPAddress("10.0.0.1")!), every: .seconds(300)),
            ])
        #expect(
            options.behavior.calls.map(\.target) == [
                "http://catalog.shop:8080/items", "tcp://db.data:5432",
                "dns://[fd00:10:96::a]:53/www.example.com",
                "icmp://10.0.0.1",
            ])
    }

    @Test("what the lab passes to a process is read back the same")
    func placementRoundTrip() throws {
        var options = WorkloadOptions()
        options.name = "a/b"
        options.networkNamespacePath = "/run/netns/n"
        options.parent = 9
        options.localAddresses = [IPAddress("203.0.113.1")!]
        options.nameServers = [IPAddress("10.96.0.10")!, IPAddress("fd00:10:96::a")!]
        options.zonePath = "/z"
        options.seed = .max
        let read = try WorkloadOptions.parse(options.placementArguments)
        #expect(read == options)
    }

    struct BadCase: CustomTestStringConvertible {
        let arguments: [String]
        let reason: String
        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let badCases = [
        BadCase(arguments: ["serve"], reason: "expected an option"),
        BadCase(arguments: ["--serve"], reason: "a value must follow"),
        BadCase(arguments: ["--verbose", "1"], reason: "unknown option"),
        BadCase(arguments: ["--serve", "http"], reason: "expected http:PORT"),
        BadCase(arguments: ["--serve", "ftp:21"], reason: "expected http:PORT"),
        BadCase(arguments: ["--serve", "http:0"], reason: "from 1 to 65535"),
        BadCase(arguments: ["--serve", "http:65536"], reason: "from 1 to 65535"),
        BadCase(arguments: ["--serve", "http:+80"], reason: "from 1 to 65535"),
        BadCase(arguments: ["--call", ""], reason: "expected a URL"),
        BadCase(arguments: ["--call", "catalog.shop:80"], reason: "expected a URL"),
        BadCase(arguments: ["--call", "https://catalog.shop:80/"], reason: "unknown scheme"),
        BadCase(arguments: ["--call", "http://catalog.shop/"], reason: "the port is missing"),
        BadCase(arguments: ["--call", "http://catalog:80/"], reason: "at least two labels"),
        BadCase(arguments: ["--call", "http://:80/"], reason: "at least two labels"),
        BadCase(arguments: ["--call", "http://[10.0.0.1]:80/"], reason: "IPv6 address in brackets"),
        BadCase(arguments: ["--call", "http://[::1:80/"], reason: "is missing"),
        BadCase(arguments: ["--call", "icmp://10.0.0.1:80"], reason: "no port"),
        BadCase(arguments: ["--call", "tcp://10.0.0.1:80/path"], reason: "no path"),
        BadCase(arguments: ["--call", "dns://10.0.0.1:53"], reason: "to ask for"),
        BadCase(arguments: ["--call", "http://10.0.0.1:80/ every"], reason: "expected key=value"),
        BadCase(arguments: ["--call", "http://10.0.0.1:80/ every=2"], reason: "not a duration"),
        BadCase(arguments: ["--call", "http://10.0.0.1:80/ every=-2s"], reason: "not a duration"),
        BadCase(arguments: ["--call", "http://10.0.0.1:80/ every=1ms"], reason: "out of range"),
        BadCase(arguments: ["--call", "http://10.0.0.1:80/ every=25h"], reason: "out of range"),
        BadCase(
            arguments: ["--call", "http://10.0.0.1:80/ every=9223372036854775807h"], reason: "out of range"),
        BadCase(arguments: ["--call", "http://10.0.0.1:80/ hold=2s"], reason: "for tcp:// only"),
        BadCase(arguments: ["--call", "udp://10.0.0.1:80 bytes=1201"], reason: "from 1 to 1200"),
        BadCase(arguments: ["--call", "http://10.0.0.1:80/ color=red"], reason: "unknown setting"),
        BadCase(arguments: ["--probe", "udp 10.0.0.0/24 ports=1"], reason: "expected \"tcp BLOCK"),
        BadCase(arguments: ["--probe", "tcp 10.0.0.0/33 ports=1"], reason: "not an address block"),
        BadCase(arguments: ["--probe", "tcp 10.0.0.0/24"], reason: "ports= is missing"),
        BadCase(arguments: ["--probe", "tcp 10.0.0.0/24 ports=22,"], reason: "from 1 to 65535"),
        BadCase(arguments: ["--dns", "kube-dns"], reason: "not an IP address"),
        BadCase(arguments: ["--parent", "0"], reason: "from 1 to"),
        BadCase(arguments: ["--seed", "x"], reason: "not a number"),
        BadCase(arguments: ["--name", "a\nb"], reason: "control character"),
        BadCase(arguments: ["--name", String(repeating: "a", count: 513)], reason: "longer than"),
        BadCase(
            arguments: Array(repeating: "--serve=http:80", count: 17), reason: "too many"),
    ]

    @Test("refuses, and says why", arguments: badCases)
    func refuses(_ bad: BadCase) {
        let error = #expect(throws: WorkloadArgumentError.self) { try WorkloadOptions.parse(bad.arguments) }
        #expect(error?.description.contains(bad.reason) == true, "\(error?.description ?? "")")
    }

    @Test("a manifest may say what a pod does, not where it runs")
    func manifestCannotPlace() throws {
        let behavior = try WorkloadBehavior.parse(container: ["vibrissa", "workload", "--serve", "tcp:1"])
        #expect(behavior.servers.count == 1)
        for option in ["--netns", "--hosts", "--parent", "--name", "--dns", "--address", "--seed"] {
            #expect(throws: WorkloadArgumentError.self) {
                try WorkloadBehavior.parse(container: ["workload", option, "1.1.1.1"])
            }
        }
    }

    @Test("a probe goes through ports, then addresses, then starts again")
    func probeOrder() {
        let probe = WorkloadProbe(
            prefix: try! IPPrefix.parse("10.0.0.0/24", .strict), ports: [22, 80], hosts: 2)
        let targets = (0..<5).map { "\(probe.target($0).address):\(probe.target($0).port)" }
        #expect(targets == ["10.0.0.1:22", "10.0.0.1:80", "10.0.0.2:22", "10.0.0.2:80", "10.0.0.1:22"])
        let single = WorkloadProbe(prefix: IPPrefix(IPAddress("10.0.0.9")!), ports: [22])
        #expect(single.target(7).address == IPAddress("10.0.0.9")!)
    }
}

@Suite("Workload timetable")
struct WorkloadTimetableTests {
    static let behavior = WorkloadBehavior(calls: [
        WorkloadCall(kind: .http, host: .name("a.b"), port: 1, every: .seconds(2)),
        WorkloadCall(kind: .http, host: .name("c.d"), port: 1, every: .seconds(3600)),
    ])

    @Test(
        "everything happens once within three seconds, then at its pace, jittered by a tenth",
        arguments: 0..<20)
    func pace(_ seed: UInt64) throws {
        var timetable = WorkloadTimetable(Self.behavior, seed: seed, startNanoseconds: 5)
        var seen: [WorkloadTimetable.Activity: Int64] = [:]
        while let due = timetable.nextDueNanoseconds, due < 10_000_000_000 {
            for activity in timetable.takeDue(atNanoseconds: due) { seen[activity] = due }
        }
        let first = try #require(seen[.call(index: 0, attempt: 0)])
        let second = try #require(seen[.call(index: 0, attempt: 1)])
        #expect((5..<2_000_000_005).contains(first))
        #expect((1_800_000_000...2_200_000_000).contains(second - first))
        #expect(try #require(seen[.call(index: 1, attempt: 0)]) < 3_000_000_005)
        #expect(seen[.call(index: 1, attempt: 1)] == nil)
    }

    @Test("a late wake-up fires each entry once")
    func late() {
        var timetable = WorkloadTimetable(Self.behavior, seed: 1, startNanoseconds: 0)
        #expect(timetable.takeDue(atNanoseconds: 60_000_000_000).count == 2)
        #expect(timetable.takeDue(atNanoseconds: 60_000_000_000).isEmpty)
    }

    @Test("the same seed gives the same times")
    func deterministic() {
        let one = WorkloadTimetable(Self.behavior, seed: 3, startNanoseconds: 0)
        let same = WorkloadTimetable(Self.behavior, seed: 3, startNanoseconds: 0)
        let other = WorkloadTimetable(Self.behavior, seed: 4, startNanoseconds: 0)
        #expect(one.nextDueNanoseconds == same.nextDueNanoseconds)
        #expect(one.nextDueNanoseconds != other.nextDueNanoseconds)
    }

    @Test("a workload that only serves never wakes")
    func idle() {
        let timetable = WorkloadTimetable(
            WorkloadBehavior(servers: [WorkloadServer(kind: .tcp, port: 1)]), seed: 1, startNanoseconds: 0)
        #expect(timetable.nextDueNanoseconds == nil)
    }
}
