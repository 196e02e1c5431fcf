// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import NetworkModel
import Testing

@testable import Lab

@Suite("Lab processes")
struct LabProcessesTests {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func processes(_ executable: String) throws -> LabProcesses {
        try LabProcesses(executable: executable, logger: logger)
    }

    @Test("runs what is wanted, ends what is not, and all at the end")
    func lifecycle() async throws {
        let processes = try Self.processes("/bin/sleep")
        processes.reconcile((0..<3).map { LabProcess(id: "p\($0)", arguments: ["600"]) })
        #expect(await eventually { processes.counts.running == 3 })
        processes.reconcile([LabProcess(id: "p1", arguments: ["600"])])
        #expect(await eventually { processes.counts.running == 1 })
        await processes.stop()
        #expect(processes.counts.running == 0)
        #expect(processes.counts.exits == 0)
        await processes.stop()
        processes.reconcile([LabProcess(id: "late", arguments: ["600"])])
        #expect(processes.counts.running == 0)
    }

    @Test("what ends by itself is counted and started again")
    func restarts() async throws {
        let processes = try Self.processes("/bin/true")
        processes.reconcile([LabProcess(id: "short", arguments: [])])
        #expect(await eventually { processes.counts.exits >= 2 })
        await processes.stop()
    }

    @Test("changed arguments or a new surrounding start the process anew", arguments: [true, false])
    func changes(_ isIncarnation: Bool) async throws {
        let directory = try TestDirectory()
        let script = directory.path + "/record"
        try LabFile.write("#!/bin/sh\necho $1 >> \(directory.path)/log\nexec /bin/sleep 600\n", to: script)
        chmod(script, 0o755)
        let processes = try Self.processes(script)
        processes.reconcile([LabProcess(id: "p", arguments: ["one"])])
        #expect(await eventually { directory.text("log") == "one\n" })
        let second =
            isIncarnation
            ? LabProcess(id: "p", arguments: ["one"], incarnation: 2)
            : LabProcess(id: "p", arguments: ["two"])
        processes.reconcile([second])
        let expected = isIncarnation ? "one\none\n" : "one\ntwo\n"
        #expect(await eventually { directory.text("log") == expected })
        #expect(processes.counts.exits == 0)
        await processes.stop()
    }

    @Test("a process that ignores SIGTERM is killed after its grace")
    func stubborn() async throws {
        let directory = try TestDirectory()
        let script = directory.path + "/stubborn"
        try LabFile.write(
            "#!/bin/sh\ntrap '' TERM\necho ready > \(directory.path)/log\nwhile :; do sleep 600; done\n",
            to: script)
        chmod(script, 0o755)
        let processes = try Self.processes(script)
        processes.reconcile([LabProcess(id: "p", arguments: [])])
        #expect(await eventually { directory.text("log") == "ready\n" })
        await processes.stop()
        #expect(processes.counts.running == 0)
    }

    @Test("a program that is not there is counted, and does no harm")
    func missingProgram() async throws {
        let processes = try Self.processes("/nonexistent")
        processes.reconcile([LabProcess(id: "p", arguments: [])])
        #expect(await eventually { processes.counts.failedStarts >= 1 })
        await processes.stop()
    }
}
