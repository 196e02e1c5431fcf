// swift-tools-version:6.2
// SPDX-License-Identifier: Apache-2.0
//
// The target list is the architecture: a target may depend only on targets above it (see ARCHITECTURE.md).

import PackageDescription

/// One settings list for every Swift target: Swift 6 mode, strict imports, warnings are errors.
let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/Core/\(name)", swiftSettings: swiftSettings)
}

func adapter(
    _ name: String, in folder: String, _ dependencies: [Target.Dependency], resources: [Resource] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(folder)",
        resources: resources, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

let package = Package(
    name: "vibrissa",
    products: [
        .executable(name: "vibrissa", targets: ["vibrissa"]),
        // For Benchmarks/, a package of its own.
        .library(
            name: "VibrissaCore",
            targets: [
                "NetworkModel", "PolicyModel", "PolicyEngine", "PolicyAnalysis", "FlowModel", "FlowStore",
            ]),
        // The plain interpreter that the engine is measured against.
        .library(name: "VibrissaTestSupport", targets: ["TestSupport"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        // Core: values and functions. No I/O, no clock, no Foundation.
        core("NetworkModel"),
        core("PolicyModel", ["NetworkModel"]),
        core("PolicyEngine", ["NetworkModel", "PolicyModel"]),
        core("PolicyAnalysis", ["NetworkModel", "PolicyModel", "PolicyEngine"]),
        core("FlowModel", ["NetworkModel", "PolicyModel"]),
        core("FlowStore", ["NetworkModel", "PolicyModel", "FlowModel"]),

        // Kernel: everything that talks to Linux.
        .target(name: "CLinuxABI", path: "Sources/Kernel/CLinuxABI"),
        adapter("LinuxKernel", in: "Kernel/LinuxKernel", ["NetworkModel", "CLinuxABI"]),
        adapter(
            "NftablesDataplane", in: "Kernel/NftablesDataplane",
            ["NetworkModel", "PolicyModel", "PolicyEngine", "FlowModel", "LinuxKernel", "CLinuxABI"]),

        // Cluster state.
        adapter(
            "KubernetesClient", in: "Cluster/KubernetesClient",
            ["NetworkModel", "PolicyModel", .product(name: "Yams", package: "Yams")]),

        // Serving.
        adapter(
            "TransportSecurity", in: "Serving/TransportSecurity",
            [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        adapter(
            "GRPCTransport", in: "Serving/GRPCTransport",
            [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        adapter(
            "FlowAPI", in: "Serving/FlowAPI",
            [
                "NetworkModel", "PolicyModel", "FlowModel", "FlowStore", "GRPCTransport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        adapter(
            "FlowExport", in: "Serving/FlowExport",
            [
                "NetworkModel", "PolicyModel", "FlowModel", "FlowStore",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        adapter(
            "Monitoring", in: "Serving/Monitoring",
            [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        adapter(
            "WebBackend", in: "Serving/WebBackend",
            [
                "NetworkModel", "PolicyModel", "PolicyEngine", "FlowModel", "FlowStore",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdHTTP2", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.copy("web")]),

        // Daemons: the loops, over the ports that the core owns.
        adapter(
            "Daemons", in: "Daemons",
            [
                "NetworkModel", "PolicyModel", "PolicyEngine", "FlowModel", "FlowStore",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),

        // The lab: a cluster on one machine.
        adapter(
            "Lab", in: "Lab",
            [
                "NetworkModel", "PolicyModel", "PolicyEngine", "FlowModel", "LinuxKernel",
                .product(name: "Logging", package: "swift-log"),
            ],
            resources: [.copy("shop")]),

        // The commands `vibrissa policy …`.
        adapter(
            "PolicyTool", in: "PolicyTool",
            [
                "NetworkModel", "PolicyModel", "PolicyEngine", "PolicyAnalysis", "KubernetesClient",
                .product(name: "Yams", package: "Yams"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // The commands `vibrissa flows …`.
        adapter(
            "FlowTool", in: "FlowTool",
            [
                "NetworkModel", "PolicyModel", "FlowModel", "FlowStore",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // The commands `vibrissa bench …`.
        adapter(
            "BenchTool", in: "BenchTool",
            [
                "NetworkModel", "PolicyModel", "FlowModel", "FlowStore", "GRPCTransport", "FlowAPI",
                "TransportSecurity",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        // The settings of `vibrissa server`: flags, environment and file, as values.
        adapter(
            "ServerSettings", in: "ServerSettings",
            [
                .product(name: "Yams", package: "Yams"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        .executableTarget(
            name: "vibrissa",
            dependencies: [
                "NetworkModel", "PolicyModel", "PolicyEngine", "FlowModel", "FlowStore", "NftablesDataplane",
                "KubernetesClient", "WebBackend", "Daemons", "Lab", "PolicyTool", "FlowTool",
                "TransportSecurity", "GRPCTransport", "FlowAPI", "FlowExport", "Monitoring",
                "BenchTool", "ServerSettings",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swiftSettings),
        // Tests.
        .target(
            name: "TestSupport", dependencies: ["NetworkModel", "PolicyModel"], path: "Tests/TestSupport",
            swiftSettings: swiftSettings),
        tests("NetworkModelTests", ["NetworkModel"]),
        tests("PolicyModelTests", ["NetworkModel", "PolicyModel", "TestSupport"]),
        tests("PolicyEngineTests", ["NetworkModel", "PolicyModel", "PolicyEngine", "TestSupport"]),
        tests(
            "PolicyAnalysisTests",
            ["NetworkModel", "PolicyModel", "PolicyEngine", "PolicyAnalysis", "TestSupport"]),
        .testTarget(
            name: "PolicyToolTests",
            dependencies: [
                "NetworkModel", "PolicyModel", "PolicyEngine", "PolicyAnalysis", "KubernetesClient",
                "PolicyTool",
                "TestSupport", "vibrissa", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["Golden"], swiftSettings: swiftSettings),
        .testTarget(
            name: "FlowToolTests",
            dependencies: [
                "NetworkModel", "PolicyModel", "FlowModel", "FlowStore", "FlowTool", "TestSupport",
                "vibrissa",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["Golden", "Fixtures"], swiftSettings: swiftSettings),
        tests("FlowModelTests", ["NetworkModel", "PolicyModel", "FlowModel"]),
        tests("FlowStoreTests", ["NetworkModel", "PolicyModel", "FlowModel", "FlowStore"]),
        tests(
            "WebBackendTests",
            [
                "NetworkModel", "PolicyModel", "FlowModel", "FlowStore", "WebBackend", "Daemons",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        tests("ArchitectureTests", []),
        tests(
            "EndToEndTests",
            [
                "NetworkModel", "PolicyModel", "PolicyEngine", "FlowModel", "LinuxKernel",
                "NftablesDataplane",
                "KubernetesClient", "Lab", "TestSupport", "vibrissa",
            ]),
        tests(
            "PolicyCasesTests",
            ["NetworkModel", "PolicyModel", "PolicyEngine", "KubernetesClient", "PolicyTool"]),
        tests(
            "FlowCasesTests",
            [
                "NetworkModel", "PolicyModel", "FlowModel", "FlowStore", "GRPCTransport", "FlowAPI",
                "FlowExport", "Daemons", "TestSupport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ]),
        tests(
            "TransportSecurityTests",
            [
                "TransportSecurity",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        tests(
            "GRPCTransportTests",
            [
                "GRPCTransport", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "FlowAPITests",
            [
                "NetworkModel", "PolicyModel", "FlowModel", "FlowStore", "GRPCTransport", "FlowAPI",
                "Daemons", "TransportSecurity", "TestSupport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "FlowExportTests",
            [
                "NetworkModel", "PolicyModel", "FlowModel", "FlowStore", "FlowExport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        tests(
            "BenchToolTests",
            [
                "NetworkModel", "FlowModel", "FlowStore", "GRPCTransport", "FlowAPI", "Daemons", "BenchTool",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "ServerTests",
            [
                "NetworkModel", "FlowModel", "FlowStore", "FlowAPI", "TestSupport", "vibrissa",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]),
        tests(
            "ServerSettingsTests",
            ["ServerSettings", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        tests("KubernetesClientTests", ["NetworkModel", "PolicyModel", "KubernetesClient"]),
        tests("LinuxKernelTests", ["NetworkModel", "LinuxKernel", "TestSupport"]),
        tests(
            "NftablesDataplaneTests",
            [
                "NetworkModel", "PolicyModel", "PolicyEngine", "FlowModel", "LinuxKernel",
                "NftablesDataplane",
                "TestSupport",
            ]),
        tests(
            "LabTests",
            [
                "NetworkModel", "PolicyModel", "PolicyEngine", "FlowModel", "LinuxKernel", "KubernetesClient",
                "Lab",
                .product(name: "Logging", package: "swift-log"),
            ]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu2x
)
