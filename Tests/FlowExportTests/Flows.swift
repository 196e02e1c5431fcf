// SPDX-License-Identifier: Apache-2.0

import FlowExport
import FlowModel
import FlowStore
import Glibc
import NIOCore
import NetworkModel
import Synchronization

/// An aligned time; tests speak of seconds relative to it.
let t0: Int64 = 1_700_000_010

func hit(
    _ name: String, tier: String = "default", kind: FlowPolicyKind = .calicoNetworkPolicy,
    action: FlowAction = .allow, index: Int64 = 0, rule: Int64 = 0, trigger: FlowTrigger? = nil
) -> FlowHit {
    FlowHit(
        kind: kind, namespace: name.isEmpty ? "" : "ns-b", name: name, tier: tier, action: action,
        policyIndex: index, ruleIndex: rule, trigger: trigger)
}

func flowKey(source: String = "client-*", destination: String = "server-*") -> FlowKey {
    FlowKey(
        source: FlowEndpoint(type: .workload, name: source, namespace: "ns-a"),
        destination: FlowEndpoint(type: .workload, name: destination, namespace: "ns-b"),
        destinationPort: 8_080, transport: "tcp", reporter: .destination, action: .allow,
        trace: FlowTrace(enforced: [hit("allow-web")], pending: [hit("allow-web")]))
}

/// A store that tests write to and roll over, as an aggregator does.
final class StoreSource: FlowEmissionSource {
    private let store: Mutex<FlowStore>
    private let rolled = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    init(_ limits: FlowStoreLimits = FlowStoreLimits()) {
        store = Mutex(FlowStore(now: Timestamp(seconds: t0), limits: limits))
    }

    func snapshot() -> FlowHistory { store.withLock(\.history) }
    func rollOvers() -> AsyncStream<Void>? { rolled.stream }

    /// Packets of a flow to `destination`, `t0 + at` seconds.
    func push(_ destination: String, at: Int64, packets: UInt64 = 1) {
        var counters = FlowCounters()
        counters.packetsIn = packets
        let record = FlowRecord(
            key: flowKey(destination: destination), time: Timestamp(seconds: t0 + at), counters: counters)
        store.withLock { _ = $0.insert(record) }
    }

    /// Rolls over to `t0 + seconds`.
    func advance(to seconds: Int64) {
        store.withLock { _ = $0.rollOver(now: Timestamp(seconds: t0 + seconds)) }
        rolled.continuation.yield()
    }
}

/// Keeps what it takes. The next requests can be made to fail.
final class FakeReceiver: FlowReceiving {
    struct Refusal: Error, CustomStringConvertible {
        let description = "the fake \u{1b}refuses"
    }

    private struct State {
        var bodies: [String] = []
        var tries = 0
        var takes = 0
        var failures = 0
        var isShutDown = false
        var afterEach: (@Sendable () async -> Void)?
    }

    private let state = Mutex(State())
    let tried = AsyncStream<Void>.makeStream(bufferingPolicy: .unbounded)
    let taken = AsyncStream<String>.makeStream(bufferingPolicy: .unbounded)

    /// Fails requests, after having taken some.
    func fail(_ count: Int, afterTaking takes: Int = 0) {
        state.withLock { ($0.failures, $0.takes) = (count, takes) }
    }

    /// Done after each request that is taken.
    func afterEach(_ body: @escaping @Sendable () async -> Void) { state.withLock { $0.afterEach = body } }

    func send(_ lines: ByteBuffer) async throws {
        let body = String(buffer: lines)
        tried.continuation.yield()
        let then = try state.withLock { state in
            state.tries += 1
            if state.takes > 0 {
                state.takes -= 1
            } else if state.failures > 0 {
                state.failures -= 1
                throw Refusal()
            }
            state.bodies.append(body)
            return state.afterEach
        }
        await then?()
        taken.continuation.yield(body)
    }

    func shutDown() async { state.withLock { $0.isShutDown = true } }

    var tries: Int { state.withLock(\.tries) }
    var isShutDown: Bool { state.withLock(\.isShutDown) }

    /// What came since the last look, one text a request: destination, relative start and end, packets of
    /// each flow.
    func look() -> [String] {
        let bodies = state.withLock { state in
            defer { state.bodies = [] }
            return state.bodies
        }
        return bodies.map { body in
            body.split(separator: "\n").map { Self.brief(String($0)) }.joined(separator: ", ")
        }
    }

    private static func brief(_ line: String) -> String {
        func member(_ name: String) -> Substring {
            guard let range = line.range(after: "\"\(name)\":") else { return "-" }
            return line[range].prefix { $0 != "," && $0 != "}" }
        }
        let start = (Int64(member("start_time")) ?? 0) - t0
        let end = (Int64(member("end_time")) ?? 0) - t0
        return "\(member("dest_name").filter { $0 != "\"" }) \(start)..\(end) \(member("packets_in"))"
    }
}

extension String {
    /// What follows the first occurrence of a text.
    fileprivate func range(after text: String) -> PartialRangeFrom<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return index(start, offsetBy: text.count)... }
            start = index(after: start)
        }
        return nil
    }
}

/// Pauses that were asked for; none is waited for.
final class Pauses: Sendable {
    private let state = Mutex<(taken: [Duration], then: (@Sendable () async -> Void)?)>(([], nil))

    /// Done in each pause.
    func inEach(_ body: @escaping @Sendable () async -> Void) { state.withLock { $0.then = body } }

    var taken: [Duration] { state.withLock(\.taken) }

    @Sendable func sleep(_ duration: Duration) async throws {
        let then = state.withLock { state in
            state.taken.append(duration)
            return state.then
        }
        await then?()
    }
}

/// A directory of its own that goes with the test.
final class Scratch {
    let path: String

    init() {
        var template = Array("/tmp/flow-export-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit {
        for name in ["progress", "progress.tmp", "switch"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    func write(_ text: String, to name: String) {
        let file = fopen("\(path)/\(name)", "w")!
        fputs(text, file)
        fclose(file)
    }

    func read(_ name: String) -> String? {
        guard let file = fopen("\(path)/\(name)", "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    func remove(_ name: String) { unlink("\(path)/\(name)") }
}
