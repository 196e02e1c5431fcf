// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Whether tests that need root and a kernel run here. With REQUIRE_KERNEL_TESTS=1 they always do, and fail where they
/// cannot.
let kernelTestsRun = geteuid() == 0 || ProcessInfo.processInfo.environment["REQUIRE_KERNEL_TESTS"] == "1"

struct LabFailure: Error, CustomStringConvertible {
    let description: String
}

/// A running `vibrissa lab`, as a person starts it. Ends with the object, whatever the test did.
final class LabProcess {
    private let process = Process()
    private let folder: URL
    let http: LoopbackHTTP
    let startedAt = Date()

    /// The binary that was built with the tests.
    static var binary: URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "vibrissa")
    }

    /// Starts a lab and waits until its console answers.
    init(_ arguments: [String], listen: String = "127.0.0.1:0") throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "vibrissa-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.start(process, ["lab", "--listen", listen] + arguments, folder)
        var address: String?
        let deadline = Date().addingTimeInterval(60)
        while address == nil, process.isRunning, Date() < deadline {
            address = Self.text(folder, "out").firstMatch(of: /Console: +(http:\S+)\//).map {
                String($0.output.1)
            }
            if address == nil { usleep(20_000) }
        }
        guard let address, let client = LoopbackHTTP(address: address) else {
            let output = Self.text(folder, "out") + Self.text(folder, "err")
            Self.end(process)
            throw LabFailure(description: "the lab did not start: \(output)")
        }
        http = client
    }

    deinit {
        Self.end(process)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs the command to its end: for those that are expected to fail.
    static func run(
        _ arguments: [String], privileged: Bool = true
    ) throws -> (status: Int32, output: String) {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "vibrissa-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        try start(process, arguments, folder, privileged: privileged)
        process.waitUntilExit()
        return (process.terminationStatus, text(folder, "out") + text(folder, "err"))
    }

    private static func start(
        _ process: Process, _ arguments: [String], _ folder: URL, privileged: Bool = true
    ) throws {
        // An empty bounding set leaves even root without a single capability.
        let setpriv = ["--bounding-set=-all", "--inh-caps=-all", binary.path()]
        process.executableURL = privileged ? binary : URL(filePath: "/usr/bin/setpriv")
        process.arguments = privileged ? arguments : setpriv + arguments
        process.standardInput = FileHandle.nullDevice
        for name in ["out", "err"] {
            let file = folder.appending(path: name)
            _ = FileManager.default.createFile(atPath: file.path(), contents: nil)
            let handle = try FileHandle(forWritingTo: file)
            if name == "out" { process.standardOutput = handle } else { process.standardError = handle }
        }
        try process.run()
    }

    private static func end(_ process: Process) {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGTERM)
        let deadline = Date().addingTimeInterval(20)
        while process.isRunning, Date() < deadline { usleep(20_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    private static func text(_ folder: URL, _ name: String) -> String {
        (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
    }

    var output: String { Self.text(folder, "out") }
    var errors: String { Self.text(folder, "err") }
    var isRunning: Bool { process.isRunning }
    var processID: Int32 { process.processIdentifier }

    /// Where the lab reads its manifests.
    var manifests: String {
        output.firstMatch(of: /Manifests: (\S+)/).map { String($0.output.1) } ?? ""
    }

    /// Waits for the end of the process; nil when it goes on.
    func exitStatus(within seconds: Double) -> Int32? {
        let deadline = Date().addingTimeInterval(seconds)
        while process.isRunning, Date() < deadline { usleep(20_000) }
        guard !process.isRunning else { return nil }
        process.waitUntilExit()
        return process.terminationStatus
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    // MARK: - What the console says

    /// The first row of the live stream, from `since` seconds ago on, that the test wants.
    func row(
        since seconds: Int = 1, within limit: Double = 30, _ description: String,
        where wanted: (FlowRow) -> Bool
    ) throws -> FlowRow {
        let found = try http.firstEvent(of: "/api/v1/flows/live?since=\(seconds)", within: limit) { event in
            guard event.name == "flows" else { return FlowRow?.none }
            return try ConsoleBody.decode(FlowRows.self, event.data).rows.first(
                where: wanted)
        }
        guard let found else {
            throw LabFailure(description: "no row within \(limit) s: \(description)\n\(output)\n\(errors)")
        }
        return found
    }

    func status() throws -> LabStatusBody {
        try ConsoleBody.decode(LabStatusBody.self, http.get("/api/v1/status").body)
    }

    /// Asks for the status until it is as the test wants it.
    func status(
        within seconds: Double = 10, _ description: String, where wanted: (LabStatusBody) -> Bool
    ) throws -> LabStatusBody {
        let deadline = Date().addingTimeInterval(seconds)
        while true {
            let current = try status()
            if wanted(current) { return current }
            guard Date() < deadline else {
                throw LabFailure(description: "status: not within \(seconds) s: \(description): \(current)")
            }
            usleep(50_000)
        }
    }
}
