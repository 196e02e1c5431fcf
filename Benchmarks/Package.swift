// swift-tools-version:6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "vibrissa", path: "..")],
    targets: [
        .executableTarget(
            name: "core-benchmarks",
            dependencies: [
                .product(name: "VibrissaCore", package: "vibrissa"),
                .product(name: "VibrissaTestSupport", package: "vibrissa"),
            ], path: "CoreBenchmarks")
    ],
    swiftLanguageModes: [.v6]
)
