// SPDX-License-Identifier: Apache-2.0

import Glibc
import KubernetesClient
import NetworkModel
import PolicyModel

/// Why a case file could not be used.
struct CaseError: Error, CustomStringConvertible {
    let description: String
}

/// One case of a case file: a small world, a connection, and what every walk of it must say.
struct PolicyCase: Sendable, CustomStringConvertible {
    struct Expectation: Sendable {
        let verdict: String
        let enforced: [String]
        let pendingVerdict: String
        let pending: [String]
    }

    let name: String
    let file: String
    let line: Int
    let quirk: String?
    /// What keeps the case from being run: a kind that is not read yet.
    let unsupported: String?
    let state: ClusterState
    let tuple: ConnectionTuple
    /// nil: that side is not evaluated.
    let egress: Expectation?
    let ingress: Expectation?
    let allowed: Bool?

    var description: String { "\(name) (\(file):\(line))" }

    init(_ value: ManifestValue, file: String) throws {
        name = value["name"]?.string ?? "unnamed"
        self.file = file
        line = value.line
        quirk = value["quirk"]?.string
        var world = CaseWorld(file: file)
        unsupported = Self.unsupportedKind(in: value)
        if unsupported == nil {
            try world.read(value)
            tuple = try world.connection(value["connection"])
        } else {
            tuple = ConnectionTuple(source: IPAddress(v4: 0), destination: IPAddress(v4: 0), transport: .tcp)
        }
        state = world.state
        let expect = value["expect"]
        egress = expect?["egress"].flatMap(Expectation.init)
        ingress = expect?["ingress"].flatMap(Expectation.init)
        allowed = expect?["allowed"]?.bool
    }

    private static func unsupportedKind(in value: ManifestValue) -> String? {
        if (value["endpoints"]?.elements ?? []).contains(where: { $0["kind"]?.string == "host" }) {
            return "HostEndpoint"
        }
        if value["profiles"] != nil { return "Profile" }
        return (value["policies"]?.elements ?? []).lazy.compactMap { $0["kind"]?.string }
            .first { $0 == "ClusterNetworkPolicy" }
    }

    /// Every case of every `.yaml` file of a directory, in file name order.
    static func all(in directory: String) throws -> [PolicyCase] {
        guard let handle = opendir(directory) else {
            throw CaseError(description: "cannot open \(directory)")
        }
        defer { closedir(handle) }
        var files: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { files.append(name) }
        }
        return try files.sorted().flatMap { try all(inFile: "\(directory)/\($0)") }
    }

    private static func all(inFile path: String) throws -> [PolicyCase] {
        var limits = ManifestLimits()
        limits.fileBytes = 16 << 20
        limits.nodesPerFile = 2_000_000
        let file = String(path.split(separator: "/").last ?? "")
        return try ManifestParser(limits: limits).documents(in: bytes(of: path)).flatMap { document in
            switch document {
            case .value(let list): return try list.elements.map { try PolicyCase($0, file: file) }
            case .failure(let problem):
                throw CaseError(description: "\(file):\(problem.line): \(problem.message)")
            }
        }
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw CaseError(description: "cannot read \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}

extension PolicyCase.Expectation {
    init?(_ value: ManifestValue) {
        guard let verdict = value["verdict"]?.string, let pending = value["pendingVerdict"]?.string else {
            return nil
        }
        self.verdict = verdict
        pendingVerdict = pending
        enforced = (value["enforced"]?.elements ?? []).compactMap(\.string)
        self.pending = (value["pending"]?.elements ?? []).compactMap(\.string)
    }
}

extension ManifestValue {
    var bool: Bool? { if case .bool(let value) = content { value } else { nil } }
    var int: Int? { if case .int(let value) = content { Int(value) } else { nil } }
}
