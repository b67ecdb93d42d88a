// swift-tools-version: 6.2
// The benchmarks of Impasto: a package of its own, so that who uses Impasto builds none of this.

import Foundation
import PackageDescription

// MARK: - Settings

/// As in the package that is measured: the flags do not follow code that is inlined from there.
let isPortable = ProcessInfo.processInfo.environment["IMPASTO_PORTABLE"] == "1"
let setting: SwiftSetting =
  isPortable ? .define("IMPASTO_PORTABLE") : .unsafeFlags(["-Xcc", "-mavx2", "-Xcc", "-mfma"])
let settings = [setting]

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
      dependencies: [
        .product(name: "Kernels", package: "Impasto"),
        .product(name: "Networks", package: "Impasto"),
        .product(name: "Inference", package: "Impasto"),
        .product(name: "Console", package: "Impasto"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    // MARK: Level 1: programs
    .executableTarget(
      name: "framerate",
      dependencies: [
        "Measurement",
        .product(name: "Inference", package: "Impasto"),
        .product(name: "Streaming", package: "Impasto"),
        .product(name: "Console", package: "Impasto"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    .executableTarget(
      name: "latency",
      dependencies: [
        "Measurement",
        .product(name: "Inference", package: "Impasto"),
        .product(name: "Streaming", package: "Impasto"),
        .product(name: "Console", package: "Impasto"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "KernelBenchmark",
      dependencies: [
        "Measurement",
        .product(name: "Kernels", package: "Impasto"),
        .product(name: "Console", package: "Impasto"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "instruction-counts",
      dependencies: [
        "Measurement",
        .product(name: "Inference", package: "Impasto"),
        .product(name: "Console", package: "Impasto"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings,
      // Valgrind gives up on debug information that is newer than itself.
      linkerSettings: [.unsafeFlags(["-Xlinker", "--strip-debug"])]),

    .executableTarget(
      name: "training-step",
      dependencies: [
        "Measurement",
        .product(name: "Kernels", package: "Impasto"),
        .product(name: "Networks", package: "Impasto"),
        .product(name: "Training", package: "Impasto"),
        .product(name: "Console", package: "Impasto"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    // MARK: Tests
    .testTarget(
      name: "MeasurementTests",
      dependencies: [
        "Measurement",
        .product(name: "Kernels", package: "Impasto"),
        .product(name: "Networks", package: "Impasto"),
        .product(name: "Console", package: "Impasto"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "FramerateTests",
      dependencies: [
        "framerate", "latency", "KernelBenchmark",
        .product(name: "Inference", package: "Impasto"),
        .product(name: "Networks", package: "Impasto"),
        .product(name: "TestSupport", package: "Impasto"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "LatencyTests",
      dependencies: ["latency", .product(name: "TestSupport", package: "Impasto")],
      swiftSettings: settings),
  ]
)
