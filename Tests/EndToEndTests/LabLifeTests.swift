// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEnd {
    @Suite("A lab's life", .serialized, .enabled(if: kernelTestsRun))
    struct LabLifeTests {
        /// Names of the lab's namespaces that exist now.
        private static func namespaces() -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: "/run/netns")) ?? [])
                .filter { $0.hasPrefix("vibrissa-lab-") }.sorted()
        }

        /// Workload processes of the binary under test.
        private static func workloads() -> [String] {
            let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return processes.filter { Int($0) != nil }.filter { id in
                guard let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else {
                    return false
                }
                let words = String(decoding: line, as: UTF8.self).split(separator: "\0")
                return words.first?.hasSuffix("vibrissa") ?? false && words.dropFirst().first == "workload"
            }
        }

        private static func rootInterfaces() -> Set<String> {
            Set((try? FileManager.default.contentsOfDirectory(atPath: "/sys/class/net")) ?? [])
        }

        @Test(
            "it shows real flows of both reporters, over IPv4 and IPv6, with services, and then leaves nothing"
        )
        func lifecycle() throws {
            let before = Self.rootInterfaces()
            let lab = try LabProcess([])
            let row = try lab.row(since: 60, "allowed with counters") {
                $0.action == "Allow" && $0.reporter == "Src" && $0.destServiceName == "catalog"
                    && $0.bytesIn > 0
            }
            #expect(row.bytesOut > 0 && row.packetsIn > 0 && row.packetsOut > 0)
            _ = try lab.row(since: 60, "the other reporter") {
                $0.ends == row.ends && $0.reporter == "Dst" && $0.bytesIn > 0 && $0.bytesOut > 0
            }
            _ = try lab.row(since: 60, "a denied attempt") { $0.action == "Deny" }
            _ = try lab.row(since: 60, "UDP to the name server") {
                $0.protocol == "udp" && $0.destPort == 53
            }
            #expect(Self.rootInterfaces() == before)
            #expect(!Self.namespaces().isEmpty && !Self.workloads().isEmpty)
            let status = try lab.status()
            #expect(status.endpoints >= 12 && !status.simulated)
            #expect(status.policyErrors.filter { $0.severity == "error" }.isEmpty)
            let lost = status.losses.filter { $0.name != "connections_without_verdict" && $0.count > 0 }
            #expect(lost.isEmpty, "\(lost)")
            lab.signal(SIGINT)
            #expect(lab.exitStatus(within: 30) == 0)
            #expect(Self.namespaces().isEmpty && Self.workloads().isEmpty)
            #expect(Self.rootInterfaces() == before)
        }

        @Test("a second lab is refused with the first one's process and address, and does not disturb it")
        func secondLab() throws {
            let lab = try LabProcess([])
            let second = try LabProcess.run(["lab", "--listen", "127.0.0.1:0"])
            #expect(second.status == 1)
            #expect(second.output.contains("already running"))
            #expect(second.output.contains("process \(lab.processID)"))
            #expect(second.output.contains("http://127.0.0.1:\(lab.http.port)"))
            _ = try lab.row("the first goes on") { $0.live }
        }

        @Test("what a killed lab leaves behind is removed by the next start")
        func crash() throws {
            let first = try LabProcess([])
            _ = try first.row(since: 60, "any") { _ in true }
            first.signal(SIGKILL)
            _ = first.exitStatus(within: 10)
            #expect(!Self.namespaces().isEmpty)
            let second = try LabProcess([])
            _ = try second.row(since: 60, "flows again") { $0.action == "Allow" }
            second.signal(SIGTERM)
            #expect(second.exitStatus(within: 30) == 0)
            #expect(Self.namespaces().isEmpty && Self.workloads().isEmpty)
        }

        @Test("a saved policy takes effect, a broken one is named with its place and changes nothing")
        func editing() throws {
            let lab = try LabProcess([])
            let folder = URL(filePath: lab.manifests)
            let before = try lab.row(since: 60, "catalog reaches the database") {
                $0.ends == StoriesTests.toDatabase && $0.action == "Allow"
            }
            let policy = folder.appending(path: "99-test.yaml")
            func write(_ action: String) throws {
                try """
                apiVersion: projectcalico.org/v3
                kind: NetworkPolicy
                metadata: {name: cut-database, namespace: data}
                spec:
                  order: -1000
                  selector: all()
                  ingress:
                  - action: \(action)
                    protocol: TCP
                    destination: {ports: [5432]}
                """.write(to: policy, atomically: true, encoding: .utf8)
            }
            try write("Deny")
            let denial = try lab.row("cut") { $0.ends == StoriesTests.toDatabase && $0.names("cut-database") }
            #expect(denial.action == "Deny" && denial.generation > before.generation)

            try write("Dney")
            let broken = try lab.status("the error") { !$0.policyErrors.isEmpty }
            let problem = try #require(broken.policyErrors.first { $0.severity == "error" })
            #expect(problem.file == "99-test.yaml" && problem.line == 8, "\(broken.policyErrors)")
            #expect(problem.field == "spec.ingress[0].action" && problem.severity == "error")
            #expect(problem.resource == "NetworkPolicy data/cut-database")
            // The last good version stays in force.
            _ = try lab.row("still cut") { $0.ends == StoriesTests.toDatabase && $0.names("cut-database") }

            try FileManager.default.removeItem(at: policy)
            _ = try lab.status("no error any more") { $0.policyErrors.isEmpty }
            _ = try lab.row("restored") {
                $0.ends == StoriesTests.toDatabase && $0.action == "Allow"
                    && $0.generation == before.generation
            }
        }

        @Test("Whisker's own paths answer")
        func whisker() throws {
            let lab = try LabProcess([])
            _ = try lab.row(since: 60, "from the shop") { $0.sourceNamespace == "shop" }
            let hints = try lab.http.get("/whisker-backend/flows-filter-hints?type=SourceNamespace")
            #expect(hints.status == 200 && hints.body.contains("\"shop\""))
            let list = try lab.http.get("/whisker-backend/flows?startTimeGte=-600")
            #expect(list.status == 200)
            _ = try ConsoleBody.decode(WhiskerFlows.self, list.body)
        }

        @Test("without privileges it says what is missing and what for, and names the way without")
        func privileges() throws {
            let result = try LabProcess.run(["lab", "--listen", "127.0.0.1:0"], privileged: false)
            #expect(result.status == 77)
            for name in ["CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_NET_RAW", "--simulate"] {
                #expect(result.output.contains(name), "\(result.output)")
            }
        }

        @Test("without privileges the simulated lab shows the same shop, marked as simulated")
        func simulated() throws {
            let lab = try LabProcess(["--simulate"])
            _ = try lab.status("marked as simulated") { $0.simulated && $0.endpoints >= 12 }
            _ = try lab.row(since: 60, "allowed") {
                $0.ends == StoriesTests.toDatabase && $0.action == "Allow"
            }
            _ = try lab.row(since: 60, "denied") { $0.action == "Deny" }
            #expect(Self.namespaces().isEmpty)
        }

        @Test("a port that is taken is named, and the lab is removed again")
        func portTaken() throws {
            let other = try LabProcess(["--simulate"])
            let result = try LabProcess.run(["lab", "--listen", "127.0.0.1:\(other.http.port)"])
            #expect(result.status == 1)
            #expect(result.output.contains("127.0.0.1:\(other.http.port)"), "\(result.output)")
            #expect(Self.namespaces().isEmpty && Self.workloads().isEmpty)
        }

        @Test(
            "wrong input is refused with a reason and a hint",
            arguments: [
                (["lab", "--listen", "203.0.113.1:80"], "loopback"),
                (["lab", "--listen", "nonsense"], "--listen"),
                (["lab", "--scenario", "nothing"], "misconfiguration"), (["lab", "--auto"], "--scenario"),
                (["lab", "--log-level", "loud"], "--log-level"),
                (["lab", "--scenario", "staged", "--manifests", "/"], "copy"),
                (["nothing"], "nothing"),
            ])
        func wrongInput(arguments: [String], fragment: String) throws {
            let result = try LabProcess.run(arguments)
            #expect(result.status != 0)
            #expect(result.output.contains(fragment), "\(result.output)")
        }
    }
}
