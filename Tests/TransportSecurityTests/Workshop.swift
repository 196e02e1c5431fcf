// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Synchronization
import Testing
import TransportSecurity

/// A folder of certificate files that is gone when the tests end.
struct Workshop {
    let path: String

    private static let root: URL = {
        let root = FileManager.default.temporaryDirectory.appending(
            path: "vibrissa-test-\(UUID().uuidString)")
        atexit { try? FileManager.default.removeItem(at: Workshop.root) }
        return root
    }()

    init() throws {
        let folder = Self.root.appending(path: UUID().uuidString)
        path = folder.path()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// With an authority, a server's pair and the default clients' pairs.
    static func filled(
        _ request: CertificateDirectory.Request = .init(), now: Date = Date()
    ) throws -> Workshop {
        let workshop = try Workshop()
        _ = try CertificateDirectory(path: workshop.path).make(request, now: now)
        return workshop
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func files(_ name: String) -> CertificateFiles {
        CertificateFiles(
            certificateChain: file("\(name).crt"), privateKey: file("\(name).key"),
            authorities: file("ca.crt"))
    }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: file(name), atomically: false, encoding: .utf8)
    }

    func text(_ name: String) throws -> String {
        try String(contentsOfFile: file(name), encoding: .utf8)
    }

    func copy(_ names: [String], from other: Workshop) throws {
        for name in names { try write(other.text(name), to: name) }
    }
}

/// A program's output, standard error included, and its exit status.
func output(
    of program: String, _ arguments: [String], input: String = ""
) throws -> (text: String, status: Int32) {
    let folder = try Workshop()
    try folder.write(input, to: "in")
    try folder.write("", to: "out")
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    // A program that waits for ever is ended, and fails the test.
    process.arguments = ["timeout", "60", program] + arguments
    process.standardInput = try FileHandle(forReadingFrom: URL(filePath: folder.file("in")))
    let out = try FileHandle(forWritingTo: URL(filePath: folder.file("out")))
    process.standardOutput = out
    process.standardError = out
    try process.run()
    process.waitUntilExit()
    return (try folder.text("out"), process.terminationStatus)
}

/// Keeps what is logged.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(lines: self) }
    }

    func count(_ prefix: String) -> Int { all.filter { $0.hasPrefix(prefix) }.count }

    private struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let text = "\(event.level) \(event.message) \(event.metadata ?? [:])"
            lines.lines.withLock { $0.append(text) }
        }
    }
}

/// A clock that is turned by hand.
final class HandClock: Sendable {
    private let time: Mutex<Date>
    init(_ time: Date) { self.time = Mutex(time) }
    var now: Date { time.withLock { $0 } }
    func turn(to date: Date) { time.withLock { $0 = date } }
    func turn(days: Double) { time.withLock { $0 += days * 86_400 } }
}

extension TransportSecurityError {
    /// The error that a body throws.
    static func thrown(by body: () throws -> Void) throws -> TransportSecurityError {
        try #require(throws: TransportSecurityError.self, performing: body)
    }
}
