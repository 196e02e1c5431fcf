// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxKernel
import NetworkModel
import Synchronization
import Testing

@testable import Lab

/// Whether tests that need privileges run: always when REQUIRE_KERNEL_TESTS=1, else when this process has
/// them.
let kernelTestsAvailable: Bool = {
    if let required = getenv("REQUIRE_KERNEL_TESTS"), String(cString: required) == "1" { return true }
    return (try? Capabilities.missing([.netAdmin, .sysAdmin])) == []
}()

func address(_ text: String) -> IPAddress { IPAddress(text)! }

/// A new directory that vanishes with the object.
final class TestDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/vibrissa-test-lab.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw LabError(operation: "create", message: String(cString: strerror(errno)))
        }
        path = String(cString: made)
    }

    deinit { Self.remove(path) }

    var names: [String] { Self.names(path) }

    func text(_ name: String) -> String? { LabFile.read("\(path)/\(name)", maximumBytes: 1 << 20) }

    private static func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func remove(_ path: String) {
        for name in names(path) { remove("\(path)/\(name)") }
        if unlink(path) != 0 { rmdir(path) }
    }
}

/// A lab's network under a name of its own, removed with the object, also when the test fails.
final class TestLabNetwork: Sendable {
    private static let counter = Atomic<Int>(0)
    let prefix: String
    let network: LabNetwork

    init(hosts: [InternetHost] = []) throws {
        prefix = "vibrissa-test-lab-\(getpid())-\(Self.counter.add(1, ordering: .relaxed).newValue)"
        network = LabNetwork(prefix: prefix, hosts: hosts)
        try network.bringUp()
    }

    deinit { network.tearDown() }

    func pod(_ number: Int, _ behavior: WorkloadBehavior = WorkloadBehavior()) -> LabPod {
        LabPod(
            name: ResourceName(namespace: "test", name: "pod-\(number)"),
            addresses: [
                address("10.244.0.\(number)"), IPAddress(bits: 0xfd00_0010_0244 << 80 | UInt128(number)),
            ],
            behavior: behavior)
    }

    func namespace(of pod: LabPod) throws -> NetworkNamespace {
        try NetworkNamespace.open(network.podNamespaceName(pod.name))
    }

    var internet: NetworkNamespace { get throws { try NetworkNamespace.open(network.internetNamespaceName) } }
}

/// A workload on a thread inside a namespace, ended with the object. Collects its reports.
final class TestWorkload: Sendable {
    private let isStopping = Atomic<Bool>(false)
    private let lines = Mutex<[String]>([])
    private let thread: Mutex<DedicatedThread?>

    init(in namespace: NetworkNamespace, _ options: WorkloadOptions) throws {
        thread = Mutex(nil)
        let path = "\(NetworkNamespace.directory)/\(namespace.name)"
        let started = try DedicatedThread.start("test-workload") { [self] in
            do {
                try NetworkNamespace.enterCurrentProcess(path: path)  // this thread, for good
                let reports = WorkloadReports { line in self.lines.withLock { $0.append(line) } }
                let loop = WorkloadLoop(options, reports: reports)
                try loop.openServers()
                loop.run { !self.isStopping.load(ordering: .acquiring) }
            } catch {
                lines.withLock { $0.append("failed: \(error)") }
            }
        }
        thread.withLock { $0 = started }
    }

    var reports: [String] { lines.withLock { $0 } }

    /// Ends the loop at its next event; something in it must be due now and then.
    func stop() { isStopping.store(true, ordering: .releasing) }
}

/// Waits, without blocking a thread, until the condition holds; false after ten seconds.
func eventually(_ condition: @Sendable () throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < end {
        if try condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))  // polls the world outside; nothing to inject there
    }
    return try condition()
}
