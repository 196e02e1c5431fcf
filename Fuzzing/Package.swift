// swift-tools-version:6.2
// SPDX-License-Identifier: Apache-2.0
//
// Fuzz targets. The product's own targets are declared again, over the same files (`Product` is a link to
// `../Sources`): only a root package may pass the flags that instrument them.

import PackageDescription

/// Coverage counters and comparison traces for libFuzzer, and checks of every memory access.
let sanitizers = ["-sanitize=fuzzer,address"]

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    .unsafeFlags(sanitizers),
]

func product(_ name: String, in folder: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Product/\(folder)/\(name)",
        swiftSettings: swiftSettings)
}

func fuzzer(_ name: String, in folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: ["Harness"] + dependencies, path: folder, swiftSettings: swiftSettings,
        linkerSettings: [.unsafeFlags(sanitizers)])
}

/// A fuzzer of parts that a product keeps to itself: they are compiled into it.
func fuzzer(
    _ name: String, in folder: String, with parts: [String], _ dependencies: [Target.Dependency]
) -> Target {
    .executableTarget(
        name: name, dependencies: ["Harness"] + dependencies, path: ".", sources: [folder] + parts,
        swiftSettings: swiftSettings, linkerSettings: [.unsafeFlags(sanitizers)])
}

let package = Package(
    name: "fuzzing",
    dependencies: [
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        product("NetworkModel", in: "Core"),
        product("PolicyModel", in: "Core", ["NetworkModel"]),
        product("PolicyEngine", in: "Core", ["NetworkModel", "PolicyModel"]),
        product("FlowModel", in: "Core", ["NetworkModel", "PolicyModel"]),
        product("FlowStore", in: "Core", ["NetworkModel", "PolicyModel", "FlowModel"]),
        product(
            "KubernetesClient", in: "Cluster",
            ["NetworkModel", "PolicyModel", .product(name: "Yams", package: "Yams")]),
        .target(
            name: "TestSupport", dependencies: ["NetworkModel", "PolicyModel"], path: "TestSupport",
            swiftSettings: swiftSettings),

        .systemLibrary(name: "LibFuzzer", path: "LibFuzzer"),
        .target(name: "Harness", dependencies: ["LibFuzzer"], path: "Harness", swiftSettings: swiftSettings),
        fuzzer("fuzz-selector", in: "SelectorFuzzer", ["PolicyModel"]),
        fuzzer("fuzz-filter", in: "FlowFilterFuzzer", ["NetworkModel", "PolicyModel", "FlowModel"]),
        fuzzer(
            "fuzz-update", in: "FlowUpdateFuzzer",
            with: [
                "Product/Serving/FlowAPI/Wire/WireReader.swift",
                "Product/Serving/FlowAPI/Wire/FlowDecoding.swift",
                "Product/Serving/FlowAPI/Wire/FlowUpdateOutline.swift",
                "Product/Serving/FlowAPI/Mapping/FlowMessages.swift",
                "Product/Serving/FlowAPI/Mapping/FlowsOfMessages.swift",
                "Product/Serving/FlowAPI/Generated",
            ],
            [
                "NetworkModel", "PolicyModel", "FlowModel", "FlowStore",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]),
        fuzzer(
            "fuzz-request", in: "RequestFuzzer",
            with: [
                "Product/Serving/WebBackend/RequestQuery.swift",
                "Product/Serving/WebBackend/RequestProblem.swift",
                "Product/Serving/WebBackend/FlowFilterJSON.swift",
            ],
            [
                "NetworkModel", "PolicyModel", "FlowModel",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),
        fuzzer(
            "fuzz-manifests", in: "ManifestsFuzzer",
            ["NetworkModel", "PolicyModel", "PolicyEngine", "KubernetesClient"]),
        fuzzer(
            "fuzz-evaluator", in: "EvaluatorFuzzer",
            ["NetworkModel", "PolicyModel", "PolicyEngine", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
