// swift-tools-version: 6.2
// The benchmarks of Impasto: a package of its own, so that who uses Impasto builds none of this.

import Foundation
import PackageDescription

// MARK: - Settings

/// As in the package that is measured: the flags do not follow code that is inlined from there.
let isPortable = ProcessInfo.processInfo.environment["IMPASTO_PORTABLE"] == "1"
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("MemberImportVisibility"),
  isPortable ? .define("IMPASTO_PORTABLE") : .unsafeFlags(["-Xcc", "-mavx2", "-Xcc", "-mfma"]),
]

// MARK: - Products of other packages

let console: Target.Dependency = .product(name: "Console", package: "Impasto")
let inference: Target.Dependency = .product(name: "Inference", package: "Impasto")
let kernels: Target.Dependency = .product(name: "Kernels", package: "Impasto")
let networks: Target.Dependency = .product(name: "Networks", package: "Impasto")
let streaming: Target.Dependency = .product(name: "Streaming", package: "Impasto")
let testSupport: Target.Dependency = .product(name: "TestSupport", package: "Impasto")
let training: Target.Dependency = .product(name: "Training", package: "Impasto")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

// MARK: - Package

let package = Package(
  name: "ImpastoBenchmarks",
  products: [
    .executable(name: "framerate", targets: ["framerate"]),
    // Not named for its product: in a file system without upper case it would be the module `Kernels`.
    .executable(name: "kernels", targets: ["KernelBenchmark"]),
    .executable(name: "latency", targets: ["latency"]),
    .executable(name: "instruction-counts", targets: ["instruction-counts"]),
    .executable(name: "training-step", targets: ["training-step"]),
  ],
  dependencies: [
    .package(name: "Impasto", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
  ],
  targets: [
    // MARK: Level 0: clocks, statistics, the machine's limits, tables, charts
    .target(
      name: "Measurement",
      dependencies: [kernels, networks, inference, console, argumentParser],
      swiftSettings: settings),

    // MARK: Level 1: programs
    .executableTarget(
      name: "framerate",
      dependencies: ["Measurement", kernels, networks, inference, streaming, console, argumentParser, testSupport],
      swiftSettings: settings),

    .executableTarget(
      name: "latency",
      dependencies: ["Measurement", kernels, inference, streaming, console, argumentParser, testSupport],
      swiftSettings: settings),
    .executableTarget(
      name: "KernelBenchmark",
      dependencies: ["Measurement", kernels, networks, console, argumentParser],
      swiftSettings: settings),
    .executableTarget(
      name: "instruction-counts",
      dependencies: ["Measurement", kernels, networks, inference, streaming, console, argumentParser, testSupport],
      swiftSettings: settings,
      // Valgrind gives up on debug information that is newer than itself.
      linkerSettings: [.unsafeFlags(["-Xlinker", "--strip-debug"])]),

    .executableTarget(
      name: "training-step",
      dependencies: ["Measurement", kernels, networks, training, console, argumentParser],
      swiftSettings: settings),

    // MARK: Tests
    .testTarget(
      name: "MeasurementTests",
      dependencies: ["Measurement", kernels, networks, console, testSupport],
      swiftSettings: settings),
    .testTarget(
      name: "FramerateTests",
      dependencies: [
        "Measurement", "framerate", "latency", "KernelBenchmark", kernels, networks, inference, testSupport,
      ],
      swiftSettings: settings),
    .testTarget(
      name: "LatencyTests",
      dependencies: ["latency", testSupport],
      swiftSettings: settings),
  ]
)
