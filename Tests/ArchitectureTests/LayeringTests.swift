// SPDX-License-Identifier: Apache-2.0

import Testing

/// The arrows of ARCHITECTURE.md, read from `import` lines. Package.swift says what a target *may* link; this
/// says what each of its files may name.
@Suite("Layering")
struct LayeringTests {
    struct Layer: Sendable, CustomTestStringConvertible {
        let folder: String
        let own: Set<String>
        let outside: Set<String>
        var testDescription: String { folder }
    }

    static let core: Set<String> = ["NetworkModel", "PolicyModel", "PolicyEngine", "FlowModel", "FlowStore"]
    static let system: Set<String> = ["Glibc", "Synchronization"]

    static let layers: [Layer] = [
        Layer(folder: "Sources/Core/NetworkModel", own: [], outside: []),
        Layer(folder: "Sources/Core/PolicyModel", own: ["NetworkModel"], outside: []),
        Layer(folder: "Sources/Core/PolicyEngine", own: ["NetworkModel", "PolicyModel"], outside: []),
        Layer(
            folder: "Sources/Core/PolicyAnalysis", own: ["NetworkModel", "PolicyModel", "PolicyEngine"],
            outside: []),
        Layer(folder: "Sources/Core/FlowModel", own: ["NetworkModel", "PolicyModel"], outside: []),
        Layer(
            folder: "Sources/Core/FlowStore", own: ["NetworkModel", "PolicyModel", "FlowModel"], outside: []),
        Layer(folder: "Sources/Kernel/LinuxKernel", own: ["NetworkModel", "CLinuxABI"], outside: system),
        Layer(
            folder: "Sources/Kernel/NftablesDataplane",
            own: ["NetworkModel", "PolicyModel", "PolicyEngine", "FlowModel", "LinuxKernel", "CLinuxABI"],
            outside: system),
        Layer(
            folder: "Sources/Cluster/KubernetesClient", own: ["NetworkModel", "PolicyModel"],
            outside: system.union(["Yams", "Foundation"])),
        Layer(
            folder: "Sources/Serving/TransportSecurity", own: [],
            outside: system.union([
                "Dispatch", "Foundation", "NIOCore", "NIOSSL", "X509", "SwiftASN1", "Crypto", "Logging",
                "ServiceLifecycle",
            ])),
        Layer(
            folder: "Sources/Serving/GRPCTransport", own: [],
            outside: system.union([
                "NIOCore", "NIOPosix", "NIOHPACK", "NIOHTTP2", "NIOSSL", "Logging", "ServiceLifecycle",
            ])),
        Layer(
            folder: "Sources/Serving/FlowAPI",
            own: core.subtracting(["PolicyEngine"]).union(["GRPCTransport"]),
            outside: system.union([
                "Foundation", "FoundationEssentials", "NIOCore", "SwiftProtobuf", "Logging",
            ])),
        Layer(folder: "Sources/ServerSettings", own: [], outside: system.union(["ArgumentParser", "Yams"])),
        Layer(
            folder: "Sources/Serving/FlowExport", own: core.subtracting(["PolicyEngine"]),
            outside: system.union([
                "Dispatch", "FoundationEssentials", "AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOSSL",
                "Logging", "ServiceLifecycle",
            ])),
        Layer(
            folder: "Sources/Serving/Monitoring", own: [],
            outside: [
                "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "Logging", "ServiceLifecycle",
            ]),
        Layer(
            folder: "Sources/Serving/WebBackend", own: core,
            outside: system.union([
                "Foundation", "FoundationEssentials", "Hummingbird", "HummingbirdCore", "HummingbirdHTTP2",
                "HTTPTypes",
                "NIOCore", "NIOSSL", "Logging", "ServiceLifecycle",
            ])),
        Layer(
            folder: "Sources/Daemons", own: core, outside: ["Logging", "ServiceLifecycle", "Synchronization"]),
        Layer(
            folder: "Sources/Lab", own: core.subtracting(["FlowStore"]).union(["LinuxKernel"]),
            outside: system.union(["Foundation", "Logging"])),
        Layer(
            folder: "Sources/PolicyTool",
            own: ["NetworkModel", "PolicyModel", "PolicyEngine", "PolicyAnalysis", "KubernetesClient"],
            outside: system.union(["ArgumentParser", "Foundation", "Yams"])),
        Layer(
            folder: "Sources/BenchTool",
            own: [
                "NetworkModel", "PolicyModel", "FlowModel", "FlowStore", "GRPCTransport", "FlowAPI",
                "TransportSecurity",
            ], outside: system.union(["ArgumentParser", "Foundation", "Logging", "NIOCore"])),
        Layer(
            folder: "Sources/FlowTool", own: ["NetworkModel", "PolicyModel", "FlowModel", "FlowStore"],
            outside: system.union(["ArgumentParser", "Dispatch"])),
        Layer(
            folder: "Sources/vibrissa",
            own: core.union([
                "NftablesDataplane", "KubernetesClient", "WebBackend", "Daemons", "Lab", "PolicyTool",
                "FlowTool", "BenchTool", "TransportSecurity", "GRPCTransport", "FlowAPI", "FlowExport",
                "Monitoring",
                "ServerSettings",
            ]),
            outside: system.union([
                "Foundation", "FoundationEssentials", "ArgumentParser", "Dispatch", "Logging", "NIOCore",
                "NIOSSL",
                "ServiceLifecycle",
                "UnixSignals",
            ])),
    ]

    @Test("a file imports only what its layer may", arguments: layers)
    func imports(layer: Layer) {
        let files = RepositoryFiles.files(in: layer.folder, extensions: ["swift"])
        #expect(!files.isEmpty)
        for file in files {
            for line in file.lines {
                guard let module = Self.importedModule(line) else { continue }
                #expect(
                    layer.own.contains(module) || layer.outside.contains(module),
                    "\(file.path) imports \(module)")
            }
        }
    }

    /// `public import struct A.B` names the module `A`.
    private static func importedModule(_ line: Substring) -> String? {
        var words = line.split(separator: " ").map(String.init)
        while let first = words.first,
            ["public", "internal", "package", "private", "@preconcurrency"].contains(first)
        {
            words.removeFirst()
        }
        guard words.first == "import", words.count >= 2 else { return nil }
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "let", "var", "typealias"]
        let path = kinds.contains(words[1]) && words.count >= 3 ? words[2] : words[1]
        return path.split(separator: ".").first.map(String.init)
    }

    @Test("every source folder is a layer that this test knows")
    func completeness() {
        for file in RepositoryFiles.files(in: "Sources", extensions: ["swift"]) {
            #expect(Self.layers.contains { file.path.hasPrefix($0.folder + "/") }, "\(file.path)")
        }
    }

    @Test("the core has no clock, no I/O and no wire types")
    func pureCore() {
        let forbidden = [
            "Date(", "ContinuousClock", "SuspendingClock", "print(", ": Codable", ": Decodable",
            ": Encodable",
        ]
        for file in RepositoryFiles.files(in: "Sources/Core", extensions: ["swift"]) {
            for word in forbidden { #expect(!file.text.contains(word), "\(file.path) uses \(word)") }
            #expect(!file.text.contains("\nactor ") && !file.text.contains("public actor "), "\(file.path)")
        }
    }

    @Test("in the page, views use components, components use models, and models use nothing")
    func webLayers() {
        let allowed: [String: Set<String>] = [
            "model": ["model"], "api": ["api", "model"], "state": ["state", "api", "model"],
            "components": ["components", "model", "state", "api"],
            "views": ["views", "components", "model", "state", "api"],
        ]
        let base = "Sources/Serving/WebBackend/web/"
        for file in RepositoryFiles.files(in: base, extensions: ["js"]) {
            let folder = String(file.path.dropFirst(base.count).split(separator: "/").first ?? "")
            guard let targets = allowed[folder] else { continue }
            for line in file.lines where line.contains(" from \"../") || line.contains(" from '../") {
                let target =
                    line.split(separator: "../").last?.split(separator: "/").first.map(String.init) ?? ""
                #expect(targets.contains(target), "\(file.path): \(line)")
            }
        }
    }
}
