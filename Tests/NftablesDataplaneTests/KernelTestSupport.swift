// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import LinuxKernel
import NetworkModel
import Synchronization
import Testing

/// Whether tests that need privileges and nft run: always when REQUIRE_KERNEL_TESTS=1, else when both are
/// there.
let kernelTestsAvailable: Bool = {
    if let required = getenv("REQUIRE_KERNEL_TESTS"), String(cString: required) == "1" { return true }
    let hasTool = ["/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft"].contains { (path: String) in
        access(path, X_OK) == 0
    }
    return hasTool && (try? Capabilities.missing([.netAdmin, .sysAdmin, .netRaw])) == []
}()

/// Namespaces with unique names that vanish with this object, also when the test fails.
final class TestNamespaces: Sendable {
    private static let counter = Atomic<Int>(0)
    let names: [String]
    let all: [NetworkNamespace]

    init(_ count: Int) throws {
        let number = Self.counter.add(1, ordering: .relaxed).newValue
        names = (0..<count).map { "vibrissa-test-nft-\(getpid())-\(number)-\($0)" }
        var made: [NetworkNamespace] = []
        do {
            for name in names { made.append(try NetworkNamespace.create(name)) }
        } catch {
            for namespace in made { try? NetworkNamespace.delete(namespace.name) }
            throw error
        }
        all = made
    }

    deinit { for name in names { try? NetworkNamespace.delete(name) } }
}

struct CommandFailure: Error, CustomStringConvertible {
    let description: String
}

extension NetworkNamespace {
    /// Runs a program inside and returns what it wrote; throws with its errors when it fails.
    func run(_ words: [String]) throws -> String {
        try perform {
            let base = "/tmp/vibrissa-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
            let (output, errors) = (base + ".out", base + ".err")
            defer {
                unlink(output)
                unlink(errors)
            }
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
            defer { arguments.forEach { free($0) } }
            var process: pid_t = 0
            let code = posix_spawnp(&process, words[0], &actions, nil, &arguments, environ)
            guard code == 0 else { throw CommandFailure(description: "cannot start \(words[0]): \(code)") }
            var status: Int32 = 0
            waitpid(process, &status, 0)
            let text = try String(contentsOfFile: output, encoding: .utf8)
            guard status == 0 else {
                let errors = try String(contentsOfFile: errors, encoding: .utf8)
                throw CommandFailure(description: "\(words.joined(separator: " ")): \(errors.prefix(2000))")
            }
            return text
        }
    }

    /// What `nft` prints of a table; empty when there is none.
    func nftList(_ table: String = "vibrissa") throws -> String {
        guard try run(["nft", "list", "tables"]).contains("table inet \(table)\n") else { return "" }
        return try run(["nft", "-n", "-s", "list", "table", "inet", table])
    }

    /// Has `nft` load text.
    func nftLoad(_ text: String) throws {
        let path = "/tmp/vibrissa-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).nft"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        defer { unlink(path) }
        _ = try run(["nft", "-f", path])
    }
}

/// Repeats `body` until it returns a value; throws after `seconds`.
func eventually<Value>(
    _ what: String, within seconds: Double = 10, _ body: () throws -> Value?
) throws -> Value {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
        if let value = try body() { return value }
        guard ContinuousClock.now < deadline else { throw CommandFailure(description: "timed out: \(what)") }
        sched_yield()
    }
}
