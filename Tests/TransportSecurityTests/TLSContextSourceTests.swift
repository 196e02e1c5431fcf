// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import ServiceLifecycle
import Testing
import TransportSecurity

@Suite("Certificates that change while they are in use")
struct TLSContextSourceTests {
    private func source(
        _ files: CertificateFiles, _ log: LogLines = LogLines(), _ clock: HandClock = HandClock(Date())
    ) throws -> TLSContextSource {
        try TLSContextSource(
            .init(files: files, role: .server(verifiesClients: true), applicationProtocols: ["h2"]),
            logger: log.logger, now: { clock.now })
    }

    @Test("files that stay the same keep the context, however often they are written")
    func unchanged() throws {
        let workshop = try Workshop.filled()
        let source = try source(workshop.files("server"))
        let context = source.context
        #expect(source.reload() == .unchanged)
        try workshop.write(workshop.text("server.crt"), to: "server.crt")
        #expect(source.reload() == .unchanged)
        #expect(source.context === context)
        #expect(source.status.generation == 1)
    }

    @Test("a new pair gives a new context")
    func replaced() throws {
        let workshop = try Workshop.filled()
        let log = LogLines()
        let source = try source(workshop.files("server"), log)
        let (context, expiry) = (source.context, try #require(source.status.expiry))
        _ = try CertificateDirectory(path: workshop.path).make(.init(days: 700, replaces: true), now: Date())
        #expect(source.reload() == .replaced)
        #expect(source.context !== context)
        #expect(source.status.generation == 2)
        #expect(source.status.replacements == 1)
        #expect(try #require(source.status.expiry) > expiry)
        #expect(log.count("notice") == 1)
    }

    @Test("a volume that is switched by a symbolic link, as in Kubernetes, is taken over")
    func symbolicLinks() throws {
        let (one, two, volume) = (try Workshop.filled(), try Workshop.filled(), try Workshop())
        let manager = FileManager.default
        for name in ["server.crt", "server.key", "ca.crt"] {
            try manager.createSymbolicLink(
                atPath: volume.file(name), withDestinationPath: "..data/\(name)")
        }
        try manager.createSymbolicLink(atPath: volume.file("..data"), withDestinationPath: one.path)
        let source = try source(volume.files("server"))
        try manager.createSymbolicLink(atPath: volume.file("..data_tmp"), withDestinationPath: two.path)
        #expect(rename(volume.file("..data_tmp"), volume.file("..data")) == 0)
        #expect(source.reload() == .replaced)
        #expect(source.reload() == .unchanged)
    }

    struct BadChange: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: TransportSecurityError.Code
        let change: @Sendable (Workshop) throws -> Void
    }

    static let badChanges = [
        BadChange(testDescription: "another pair's key", code: .keyMismatch) {
            try $0.write($0.text("calico-node.key"), to: "server.key")
        },
        BadChange(testDescription: "half a certificate", code: .notPEM) {
            try $0.write(String($0.text("server.crt").prefix(200)), to: "server.crt")
        },
        BadChange(testDescription: "half a key", code: .notPEM) {
            try $0.write(String($0.text("server.key").prefix(100)), to: "server.key")
        },
        BadChange(testDescription: "an empty certificate", code: .notPEM) {
            try $0.write("", to: "server.crt")
        },
        BadChange(testDescription: "an empty authority", code: .noAuthorities) {
            try $0.write("", to: "ca.crt")
        },
        BadChange(testDescription: "no authority", code: .missingFile) {
            try FileManager.default.removeItem(atPath: $0.file("ca.crt"))
        },
        BadChange(testDescription: "an expired pair", code: .expired) {
            _ = try CertificateDirectory(path: $0.path).make(
                .init(days: 1, replaces: true), now: Date().addingTimeInterval(-2 * 86_400))
        },
        BadChange(testDescription: "a pair of the future", code: .notYetValid) {
            _ = try CertificateDirectory(path: $0.path).make(
                .init(replaces: true), now: Date().addingTimeInterval(2 * 86_400))
        },
    ]

    @Test(
        "a bad change keeps what is in use, is warned of once and counted, and mends itself",
        arguments: badChanges)
    func badChange(_ bad: BadChange) throws {
        let workshop = try Workshop.filled(now: Date().addingTimeInterval(-3 * 86_400))
        let names = ["server.crt", "server.key", "ca.crt"]
        let good = try names.map(workshop.text)
        let log = LogLines()
        let source = try source(workshop.files("server"), log)
        let context = source.context
        try bad.change(workshop)
        for _ in 0..<3 { #expect(source.reload() == .rejected) }
        #expect(source.context === context)
        #expect(source.status.problem?.code == bad.code, "\(String(describing: source.status.problem))")
        #expect(source.status.rejections == 1)
        #expect(log.count("warning changed certificates") == 1, "\(log.all)")
        for (name, text) in zip(names, good) { try workshop.write(text, to: name) }
        #expect(source.reload() == .unchanged)
        #expect(source.status.problem == nil)
        _ = try CertificateDirectory(path: workshop.path).make(.init(replaces: true), now: Date())
        #expect(source.reload() == .replaced)
        #expect(source.status.rejections == 1)
    }

    @Test("a pair whose time comes is taken over then")
    func timeComes() throws {
        let start = Date()
        let workshop = try Workshop.filled(now: start)
        let clock = HandClock(start)
        let source = try source(workshop.files("server"), LogLines(), clock)
        _ = try CertificateDirectory(path: workshop.path).make(
            .init(replaces: true), now: start.addingTimeInterval(86_400))
        #expect(source.reload() == .rejected)
        clock.turn(days: 1)
        #expect(source.reload() == .replaced)
    }

    @Test("an end that is near is warned of once a day, and its arrival is an error")
    func expiry() throws {
        let start = Date()
        let workshop = try Workshop.filled(.init(days: 10), now: start)
        let (clock, log) = (HandClock(start), LogLines())
        let source = try source(workshop.files("server"), log, clock)
        func look(afterDays days: Double) -> [Int] {
            clock.turn(to: start.addingTimeInterval(days * 86_400))
            source.reload()
            return [log.count("warning the certificate"), log.count("error the certificate")]
        }
        #expect(look(afterDays: 2.9) == [0, 0])
        #expect(look(afterDays: 3.1) == [1, 0])
        #expect(look(afterDays: 3.5) == [1, 0])
        #expect(look(afterDays: 4.2) == [2, 0])
        #expect(look(afterDays: 9.5) == [3, 0])
        #expect(look(afterDays: 10.01) == [3, 1])
        #expect(look(afterDays: 10.5) == [3, 1])
        #expect(look(afterDays: 11.1) == [3, 2])
    }

    @Test("the service looks at its files until it is shut down")
    func service() async throws {
        let workshop = try Workshop.filled()
        let source = try TLSContextSource(
            .init(
                files: workshop.files("server"), role: .server(verifiesClients: true),
                applicationProtocols: ["h2"], pollInterval: .milliseconds(1)),
            logger: LogLines().logger)
        let group = ServiceGroup(services: [source], logger: LogLines().logger)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            _ = try CertificateDirectory(path: workshop.path).make(.init(replaces: true), now: Date())
            while source.status.generation == 1 { await Task.yield() }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(source.status.generation > 1)
    }
}
