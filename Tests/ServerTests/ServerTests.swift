// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import Foundation
import NIOCore
import NetworkModel
import SwiftProtobuf
import TestSupport
import Testing

@testable import FlowAPI

@Suite("vibrissa server", .serialized, .enabled(if: GRPCPeer.isAvailable), .timeLimit(.minutes(5)))
struct ServerTests {
    private static let connect = "/goldmane.FlowCollector/Connect"
    private static let peer = Result { try GRPCPeer() }
    private static let certificates = Result { () -> TemporaryFolder in
        let folder = try TemporaryFolder()
        let made = try Executable.run(["certs", "--directory", folder.path])
        guard made.status == 0 else { throw ServerProcess.NotListening(description: made.errors) }
        return folder
    }

    private let peer: GRPCPeer
    private let folder: TemporaryFolder

    init() throws {
        peer = try Self.peer.get()
        folder = try Self.certificates.get()
    }

    private func tls(_ folder: TemporaryFolder) -> [String] {
        [
            "--grpc-certificate", folder.file("server.crt"), "--grpc-key", folder.file("server.key"),
            "--grpc-client-ca", folder.file("ca.crt"), "--http-certificate", folder.file("server.crt"),
            "--http-key", folder.file("server.key"),
        ]
    }

    private func security(_ folder: TemporaryFolder) -> GRPCPeer.Security {
        GRPCPeer.Security(
            ca: folder.file("ca.crt"), certificate: folder.file("calico-node.crt"),
            key: folder.file("calico-node.key"), name: "localhost")
    }

    private func client(_ folder: TemporaryFolder, _ server: ServerProcess) -> [String] {
        [
            "--server", "localhost:\(server.grpcPort)", "--ca", folder.file("ca.crt"), "--cert",
            folder.file("vibrissa.crt"), "--key", folder.file("vibrissa.key"),
        ]
    }

    /// A flow of a window that is over.
    private func update(_ name: String, packets: Int64 = 1, secondsAgo: Int64 = 60) throws -> [UInt8] {
        let seconds = Int64(Date().timeIntervalSince1970) - secondsAgo
        return try Goldmane_FlowUpdate.with {
            $0.flow.key.sourceName = name
            $0.flow.key.sourceNamespace = "shop"
            $0.flow.key.destName = "db"
            $0.flow.key.destNamespace = "data"
            $0.flow.key.proto = "tcp"
            $0.flow.key.reporter = .dst
            $0.flow.key.action = .allow
            $0.flow.startTime = seconds - seconds % 15
            $0.flow.endTime = $0.flow.startTime
            $0.flow.packetsIn = packets
        }.serializedBytes()
    }

    /// Name and packets of every flow, by the command line.
    private func flows(_ options: [String]) throws -> [String: Int] {
        let listed = try Executable.run(["flows", "list", "-o", "csv", "--limit", "0"] + options)
        try #require(listed.status == 0, "\(listed.errors)")
        var flows: [String: Int] = [:]
        let rows = listed.output.replacing("\"", with: "").split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        let header = try #require(rows.first)
        let name = try #require(header.firstIndex(of: "source_name"))
        let packets = try #require(header.firstIndex(of: "packets_in"))
        for row in rows.dropFirst() { flows[String(row[name]), default: 0] += Int(row[packets]) ?? 0 }
        return flows
    }

    @Test(
        "flows that a node sends over TLS are listed by the command line, and the console is there over HTTPS"
    )
    func flows() async throws {
        let server = try await ServerProcess(tls(folder))
        let target = GRPCPeer.Target("node", port: server.grpcPort, security: security(folder))
        let answer = try await peer.send(
            target, Self.connect, try (0..<100).map { try update("pod-\($0)", packets: 2) })
        #expect(answer.code == "OK" && answer.receipts.count == 100, "\(answer.details)")
        let found = try flows(client(folder, server))
        #expect(found.count == 100 && found.values.allSatisfy { $0 == 2 })
        let page = try await peer.http("https://localhost:\(server.httpPort)/", ca: folder.file("ca.crt"))
        #expect(page.code == "200" && page.details.contains("<html"))
        let filter = "source.name%20%3D%20pod-7"
        let list = try await peer.http(
            "https://localhost:\(server.httpPort)/whisker-backend/flows?filter=\(filter)",
            ca: folder.file("ca.crt"))
        #expect(list.code == "200" && list.details.contains("\"totalResults\":1"), "\(list.details)")
        try await peer.disconnect("node")
        #expect(server.end() == 0)
    }

    @Test("who shows no certificate of the authority gets nothing")
    func strangers() async throws {
        let server = try await ServerProcess(tls(folder))
        let none = GRPCPeer.Security(ca: folder.file("ca.crt"), name: "localhost")
        let other = try TemporaryFolder()
        _ = try Executable.run(["certs", "--directory", other.path])
        let foreign = GRPCPeer.Security(
            ca: folder.file("ca.crt"), certificate: other.file("vibrissa.crt"),
            key: other.file("vibrissa.key"),
            name: "localhost")
        for (name, security) in [("none", none), ("foreign", foreign), ("plain", nil)] {
            let target = GRPCPeer.Target(name, port: server.grpcPort, security: security)
            let answer = try await peer.unary(target, "/goldmane.Flows/List", [])
            #expect(answer.code == "UNAVAILABLE", "\(name)")
        }
        let listed = try Executable.run(
            ["flows", "list", "--server", "localhost:\(server.grpcPort)", "--ca", folder.file("ca.crt")])
        #expect(listed.status == 1 && listed.errors.contains("client certificate"), "\(listed.errors)")
    }

    @Test("50 clients find a server again that was killed under load, and no flow is lost or counted twice")
    func killed() async throws {
        let server = try await ServerProcess(["--insecure"])
        let port = server.grpcPort
        let updates = try (0..<400).map { try update("pod-\($0)") }
        let target = GRPCPeer.Target("clients", port: port)
        async let delivered = peer.clients(50, target, Self.connect, updates)
        // As soon as the first flows are there.
        var status = ""
        while status.isEmpty || status.contains("\"flow_keys\":0,") {
            status = try await peer.http("http://127.0.0.1:\(server.httpPort)/api/v1/status").details
        }
        server.kill()
        let next = try await ServerProcess(["--insecure"], grpcPort: port)
        let answer = try await delivered
        #expect(answer.count == 50 * 400)
        let found = try flows(["--server", "127.0.0.1:\(port)", "--insecure"])
        // Clients that were done before do not come again; the others send everything, once each.
        #expect(found.count == 400)
        #expect(Set(found.values).count == 1 && (1...50).contains(found.values.first ?? 0), "\(found)")
        #expect(next.end() == 0)
    }

    @Test("certificates are replaced under load without losing a connection")
    func rotation() async throws {
        let own = try TemporaryFolder()
        _ = try Executable.run(["certs", "--directory", own.path])
        let (metrics, _) = try freePorts()
        let server = try await ServerProcess(
            tls(own) + [
                "--certificate-poll-interval", "1s", "--prometheus-host", "127.0.0.1",
                "--prometheus-port", "\(metrics)",
            ])
        let target = GRPCPeer.Target("rotation", port: server.grpcPort, security: security(own))
        let updates = try (0..<100).map { try update("pod-\($0)") }
        async let flood = peer.flood(target, Self.connect, updates, count: 60_000, window: 64)
        let before = try String(contentsOfFile: own.file("server.crt"), encoding: .utf8)
        let made = try Executable.run(["certs", "--directory", own.path, "--force"])
        #expect(made.status == 0)
        #expect(try String(contentsOfFile: own.file("server.crt"), encoding: .utf8) != before)
        let counter = "vibrissa_certificate_replacements_total{certificate=\"\(own.file("server.crt"))\"} 1"
        while try await !peer.http("http://127.0.0.1:\(metrics)/metrics").details.contains(counter) {}
        let answer = try await flood
        #expect(answer.code == "OK" && answer.count == 60_000, "\(answer.details)")
        // New connections use the new pairs.
        let again = GRPCPeer.Target("again", port: server.grpcPort, security: security(own))
        #expect(try await peer.unary(again, "/goldmane.Flows/List", []).code == "OK")
        try await peer.disconnect("again")
        #expect(server.end() == 0)
    }

    /// Two ports that were free a moment ago.
    private func freePorts() throws -> (Int, Int) {
        func port() -> Int {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            return withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    guard bind(descriptor, pointer, length) == 0,
                        getsockname(descriptor, pointer, &length) == 0
                    else { return 0 }
                    return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        Int(UInt16(bigEndian: $0.pointee.sin_port))
                    }
                }
            }
        }
        return (port(), port())
    }

    @Test("health and every metric of the reference are served")
    func monitoring() async throws {
        let (health, metrics) = try freePorts()
        let server = try await ServerProcess([
            "--insecure", "--health", "--health-host", "127.0.0.1", "--health-port", "\(health)",
            "--prometheus-host", "127.0.0.1", "--prometheus-port", "\(metrics)",
        ])
        for path in ["readiness", "liveness"] {
            var answer = try await peer.http("http://127.0.0.1:\(health)/\(path)")
            while answer.code != "200" { answer = try await peer.http("http://127.0.0.1:\(health)/\(path)") }
            #expect(answer.details.contains("aggregator: ok"))
        }
        let target = GRPCPeer.Target("node", port: server.grpcPort)
        _ = try await peer.send(target, Self.connect, [try update("pod"), [0xff]])
        var page = try await peer.http("http://127.0.0.1:\(metrics)/metrics")
        while page.code != "200" { page = try await peer.http("http://127.0.0.1:\(metrics)/metrics") }
        let served = Set(
            page.details.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map {
                String($0.split(separator: " ")[2])
            })
        let reference = try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "docs/reference/metrics.md"), encoding: .utf8)
        // A row of a table for each; those of certificates and the emitter are there when these are.
        let rows = reference.matches(of: /(?m)^\| `([a-z_]+)` \|/).map { String($0.output.1) }
        let conditional = rows.filter { $0.contains("_certificate_") || $0.contains("_emitter_") }
        #expect(served == Set(rows).subtracting(conditional))
        #expect(page.details.contains("goldmane_collector_received_flows{source=\"127.0.0.1\"} 2"))
        #expect(page.details.contains("vibrissa_collector_malformed_updates_total 1"))
        try await peer.disconnect("node")
        #expect(server.end() == 0)
    }

    @Test("the console of a remote server shows what that has")
    func remote() async throws {
        let server = try await ServerProcess(["--insecure"])
        let console = try await ServerProcess(["--insecure", "--goldmane", "127.0.0.1:\(server.grpcPort)"])
        let target = GRPCPeer.Target("node", port: server.grpcPort)
        _ = try await peer.send(target, Self.connect, try (0..<20).map { try update("pod-\($0)") })
        let base = "http://127.0.0.1:\(console.httpPort)"
        let list = try await peer.http("\(base)/whisker-backend/flows?pageSize=5")
        #expect(list.details.contains("\"totalResults\":20"), "\(list.details)")
        let count = try await peer.http("\(base)/api/v1/flows/count")
        #expect(count.code == "200" && count.details.contains("20"), "\(count.details)")
        let top = try await peer.http("\(base)/api/v1/flows/top")
        #expect(top.code == "200", "\(top.details)")
        try await peer.disconnect("node")
        server.kill()
        let gone = try await peer.http("\(base)/whisker-backend/flows")
        #expect(gone.code == "500" && gone.details.contains("127.0.0.1"), "\(gone.details)")
        #expect(console.end() == 0)
    }

    @Test("wrong settings are all named, with what is accepted, and end with status 78")
    func wrongSettings() throws {
        let result = try Executable.run([
            "server", "--insecure", "--grpc-listen", "127.0.0.1:0", "--aggregation-window", "soon",
            "--maximum-keys", "5", "--goldmane-ca", "",
        ])
        #expect(result.status == 78)
        for part in ["aggregation-window", "\"soon\"", "maximum-keys", "1000 to 100000000"] {
            #expect(result.errors.contains(part), "\(result.errors)")
        }
        let missing = try Executable.run(["server", "--config", "/nonexistent/server.yaml"])
        #expect(missing.status == 78 && missing.errors.contains("/nonexistent/server.yaml"))
        let unread = try Executable.run([
            "server", "--grpc-certificate", "/nonexistent/a", "--grpc-key", "/nonexistent/b",
            "--grpc-client-ca", "/nonexistent/c",
        ])
        #expect(unread.status == 1 && unread.errors.contains("/nonexistent/"), "\(unread.errors)")
    }
}
