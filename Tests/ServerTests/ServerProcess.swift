// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// The executable that the tests were built with.
enum Executable {
    static let path = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "vibrissa").path()

    struct Result {
        var output: String
        var errors: String
        var status: Int32
    }

    /// Runs a command to its end.
    static func run(_ arguments: [String], in folder: String? = nil) throws -> Result {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin"]
        if let folder { process.currentDirectoryURL = URL(filePath: folder) }
        let files = try TemporaryFolder()
        func handle(_ name: String) throws -> FileHandle {
            try Data().write(to: URL(filePath: files.file(name)))
            return try FileHandle(forWritingTo: URL(filePath: files.file(name)))
        }
        process.standardOutput = try handle("out")
        process.standardError = try handle("err")
        try process.run()
        process.waitUntilExit()
        return Result(
            output: try String(contentsOfFile: files.file("out"), encoding: .utf8),
            errors: try String(contentsOfFile: files.file("err"), encoding: .utf8),
            status: process.terminationStatus)
    }
}

/// `vibrissa server` as a process of its own, killed when the last reference goes.
final class ServerProcess: Sendable {
    struct NotListening: Error, CustomStringConvertible {
        let description: String
    }

    private let process: Process
    let grpcPort: Int
    let httpPort: Int

    /// Starts one and waits until it listens. Port 0 is any free one.
    init(_ arguments: [String], grpcPort: Int = 0, environment: [String: String] = [:]) async throws {
        process = Process()
        process.executableURL = URL(filePath: Executable.path)
        process.arguments =
            ["server", "--grpc-listen", "127.0.0.1:\(grpcPort)", "--http-listen", "127.0.0.1:0"] + arguments
        process.environment = environment
        let log = Pipe()
        process.standardError = log
        try process.run()
        let isRemote = arguments.contains("--goldmane")
        let handle = log.fileHandleForReading
        // Reading blocks, so it has a thread; what the server says further is read, so that it does not wait.
        let ports = await withCheckedContinuation { continuation in
            Thread {
                var text = ""
                var waiting: CheckedContinuation<Ports, Never>? = continuation
                while case let data = handle.availableData, !data.isEmpty {
                    guard waiting != nil else { continue }
                    text += String(decoding: data, as: UTF8.self)
                    let ports = Ports(text)
                    if ports.http != nil, ports.grpc != nil || isRemote {
                        waiting?.resume(returning: ports)
                        waiting = nil
                    }
                }
                waiting?.resume(returning: Ports(text))
            }.start()
        }
        guard let http = ports.http, isRemote || ports.grpc != nil else {
            throw NotListening(description: ports.text)
        }
        self.grpcPort = ports.grpc ?? 0
        httpPort = http
    }

    /// Where a server says that it listens.
    private struct Ports: Sendable {
        let text: String

        init(_ text: String) { self.text = text }

        var grpc: Int? { port("gRPC: listening") }
        var http: Int? { port("console is served") }

        private func port(_ what: String) -> Int? {
            // Whole lines only.
            text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .first { $0.contains(what) }?.split(separator: " ").first { $0.hasPrefix("port=") }
                .flatMap { Int($0.dropFirst(5)) }
        }
    }

    deinit { kill() }

    var pid: Int32 { process.processIdentifier }

    /// Without a chance to tidy up.
    func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// As a person or Kubernetes ends it; its exit status.
    func end() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
