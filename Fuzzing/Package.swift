// swift-tools-version:6.2
// SPDX-License-Identifier: Apache-2.0
//
// Fuzz targets. The product's own targets are declared again, over the same files (`Product` is a link to
// `../Sources`): only a root package may pass the flags that instrument them, and nothing but Yams is fetched.

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

let package = Package(
    name: "fuzzing",
    dependencies: [.package(url: "https://github.com/jpsim/Yams", from: "6.2.2")],
    targets: [
        product("NetworkModel", in: "Core"),
        product("PolicyModel", in: "Core", ["NetworkModel"]),
        product("PolicyEngine", in: "Core", ["NetworkModel", "PolicyModel"]),
        product("FlowModel", in: "Core", ["NetworkModel", "PolicyModel"]),
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
            "fuzz-manifests", in: "ManifestsFuzzer",
            ["NetworkModel", "PolicyModel", "PolicyEngine", "KubernetesClient"]),
        fuzzer(
            "fuzz-evaluator", in: "EvaluatorFuzzer",
            ["NetworkModel", "PolicyModel", "PolicyEngine", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
