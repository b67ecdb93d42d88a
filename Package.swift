// swift-tools-version: 6.2
// Impasto: real-time neural style transfer for video. The order of the targets below is the architecture:
// a target imports only from the levels above its own.

import Foundation
import PackageDescription

// MARK: - Settings

/// `IMPASTO_PORTABLE=1` builds without AVX2 and FMA: slower, the same results within rounding.
let isPortable = ProcessInfo.processInfo.environment["IMPASTO_PORTABLE"] == "1"

/// Instruction-set flags for the Clang importer; Swift's SIMD types lower through them. They do not follow
/// inlined code, so every Swift target carries the same list.
let instructionSetFlags = isPortable ? [] : ["-Xcc", "-mavx2", "-Xcc", "-mfma"]

/// A file that uses a member imports the module of that member, so that the imports tell what a target is made of.
let memberImports = SwiftSetting.enableUpcomingFeature("MemberImportVisibility")

/// The one settings constant of all Swift targets.
let settings: [SwiftSetting] = [memberImports, .unsafeFlags(instructionSetFlags)]

/// `IMPASTO_CHECKED=1` keeps preconditions and overflow traps in kernels, for tests.
let isChecked = ProcessInfo.processInfo.environment["IMPASTO_CHECKED"] == "1"

/// Kernels index raw pointers whose bounds their callers have checked: overflow traps in the inner loops would only
/// cost time.
let kernelSettings = settings + (isChecked ? [] : [.unsafeFlags(["-Ounchecked"])])

/// For the target that runs only where the processor has AVX-512.
let wideSettings = kernelSettings + [.unsafeFlags(isPortable ? [] : ["-Xcc", "-mavx512f"])]

/// For the target that runs only where the processor has AVX512_BF16, which implies AVX512BW.
let bfloat16Settings =
  kernelSettings + [.unsafeFlags(isPortable ? [] : ["-Xcc", "-mavx512bf16", "-Xcc", "-mavx512vl"])]

let processorSettings: [CSetting] = isPortable ? [.define("IMPASTO_PORTABLE")] : []

// MARK: - Products of other packages that several targets use

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

// MARK: - Package

let package = Package(
  name: "Impasto",
  products: [
    .executable(name: "train-style", targets: ["train-style"]),
    .executable(name: "stylize-video", targets: ["stylize-video"]),
    .executable(name: "stylize-image", targets: ["stylize-image"]),
    .executable(name: "stylize-live", targets: ["stylize-live"]),
    .executable(name: "evaluate-style", targets: ["evaluate-style"]),
    .executable(name: "optimize-image", targets: ["optimize-image"]),
    .executable(name: "inspect-features", targets: ["inspect-features"]),
    .executable(name: "convert-style", targets: ["convert-style"]),
    .library(name: "impasto", type: .dynamic, targets: ["CInterface"]),
    .library(name: "Kernels", targets: ["Kernels", "Threading"]),
    .library(name: "Networks", targets: ["Networks", "Tensors"]),
    .library(name: "Inference", targets: ["Inference", "Threading"]),
    .library(name: "Streaming", targets: ["Streaming", "Imaging", "FFmpeg", "Files"]),
    .library(name: "Training", targets: ["Training", "Autograd", "Imaging"]),
    .library(name: "Console", targets: ["Console"]),
    .library(name: "TestSupport", targets: ["TestSupport"]),
    .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
    .library(name: "FuzzServer", targets: ["FuzzServer"]),
    .library(name: "FuzzTraining", targets: ["FuzzTraining"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    // The server alone needs it; without traits it brings less along.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.34.1"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    // For ONNX files; without traits it brings less along.
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
  ],
  targets: [
    // MARK: Level 0: the system and the machine
    // OpenBLAS is loaded by the first product of a training: what paints runs where it is not installed.
    .target(name: "COpenBLAS"),
    .target(
      name: "CFFmpeg",
      // libavdevice is loaded when a device is asked for, libavfilter for the first interlaced frame: neither is
      // linked.
      linkerSettings: ["avformat", "avcodec", "swresample", "swscale", "avutil"].map { .linkedLibrary($0) }),
    .target(name: "CProcessor", cSettings: processorSettings),
    .target(name: "CBFloat16"),
    .target(name: "CImpasto"),
    .target(name: "CMalloc"),
    // libxcb is loaded when input is sent: programs run where it is not installed.
    .target(name: "CXTest"),
    .target(name: "Tensors", swiftSettings: settings),
    .target(name: "Threading", swiftSettings: settings),
    .target(name: "Files", swiftSettings: settings),
    .target(name: "WideKernels", swiftSettings: wideSettings),

    // MARK: Level 1: loops in the instructions of some processors
    .target(name: "BFloat16Kernels", dependencies: ["CBFloat16"], swiftSettings: bfloat16Settings),

    // MARK: Level 2: arithmetic, file formats, media, games
    .target(
      name: "Kernels", dependencies: ["COpenBLAS", "CProcessor", "Threading", "WideKernels", "BFloat16Kernels"],
      swiftSettings: kernelSettings),
    .target(name: "Safetensors", dependencies: ["Tensors", "Files"], swiftSettings: settings),
    .target(name: "FFmpeg", dependencies: ["CFFmpeg", "Files"], swiftSettings: settings),
    .target(name: "Games", dependencies: ["CXTest"], swiftSettings: settings),

    // MARK: Level 3: networks as data, gradients, pictures
    .target(name: "Networks", dependencies: ["Tensors", "Safetensors"], swiftSettings: settings),
    .target(name: "Autograd", dependencies: ["Tensors", "Kernels", "Threading"], swiftSettings: settings),
    .target(
      name: "Imaging", dependencies: ["Tensors", "Threading", "Files", "FFmpeg", "Kernels"], swiftSettings: settings),

    // MARK: Level 4: the frame path's executor; what the programs share
    .target(
      name: "Inference", dependencies: ["Networks", "Kernels", "Tensors", "Threading"], swiftSettings: settings),
    .target(
      name: "Console", dependencies: ["Files", "Kernels", "Networks", "Threading", argumentParser, logging],
      swiftSettings: settings),

    .target(
      name: "ONNX",
      dependencies: [
        "Files", "Kernels", "Networks", "Safetensors", "Tensors",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Protobuf/README.md", "Protobuf/generate", "Protobuf/onnx.proto"], swiftSettings: settings),

    // MARK: Level 5: video in and out; fitting a network to a painting; painting from other languages
    .target(
      name: "Streaming", dependencies: ["FFmpeg", "Files", "Imaging", "Inference", "Kernels", "Networks", "Threading"],
      swiftSettings: settings),
    .target(
      name: "Training",
      dependencies: [
        "Autograd", "FFmpeg", "Files", "Inference", "Networks", "Safetensors", "Imaging", "Kernels", "Tensors",
        "Threading",
      ],
      // Inside the code, so that an installed program has them.
      resources: [.embedInCode("Report/Page")], swiftSettings: settings),

    // Without Foundation, FFmpeg and the programs' options, so that the library is small.
    .target(
      name: "CInterface", dependencies: ["CImpasto", "CProcessor", "Inference", "Kernels", "Networks", "Threading"],
      exclude: ["impasto.pc", "libimpasto.map"], swiftSettings: settings),

    // MARK: Level 6: the painted stream on the network; what neurons look for
    .target(
      name: "LiveServer",
      dependencies: [
        "Streaming", "Console", "FFmpeg", "Files", "Games", "Networks", "Threading",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        logging,
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
      ],
      // Inside the code, so that an installed program has them.
      resources: [.embedInCode("Page")], swiftSettings: settings),
    .target(
      name: "FeatureInspection",
      dependencies: [
        "Autograd", "Imaging", "Inference", "Kernels", "Networks", "Tensors", "Threading", "Training",
      ],
      // Inside the code, so that an installed program has them.
      resources: [.embedInCode("Page")], swiftSettings: settings),

    // MARK: Level 7: programs
    .executableTarget(
      name: "train-style", dependencies: ["Training", "Networks", "Threading", "Console", argumentParser, logging],
      swiftSettings: settings),
    .executableTarget(
      name: "stylize-video",
      dependencies: [
        "Streaming", "FFmpeg", "Inference", "Networks", "Threading", "Console", argumentParser, logging,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "stylize-image",
      dependencies: ["Streaming", "Imaging", "Inference", "Networks", "Threading", "Console", argumentParser, logging],
      swiftSettings: settings),
    .executableTarget(
      name: "stylize-live",
      dependencies: [
        "LiveServer", "Streaming", "FFmpeg", "Games", "Inference", "Networks", "Threading", "Console", "CMalloc",
        argumentParser,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "evaluate-style",
      dependencies: [
        "Training", "Streaming", "Imaging", "Networks", "Tensors", "Threading", "Console", argumentParser, logging,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "optimize-image",
      dependencies: ["Training", "FFmpeg", "Imaging", "Threading", "Console", argumentParser, logging],
      swiftSettings: settings),
    .executableTarget(
      name: "inspect-features",
      dependencies: [
        "FeatureInspection", "Training", "Imaging", "Kernels", "Networks", "Threading", "Console", argumentParser,
        logging,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "convert-style", dependencies: ["ONNX", "Networks", "Console", argumentParser, logging],
      swiftSettings: settings),

    // MARK: Tests mirror the sources
    .target(name: "TestSupport", dependencies: ["Networks", "Tensors", "Safetensors"], swiftSettings: settings),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Console", "FFmpeg", "Imaging", "Inference", "Networks", "ONNX", "Safetensors", "Streaming", "TestSupport",
        argumentParser,
      ],
      swiftSettings: settings),
    .target(
      name: "FuzzServer",
      dependencies: ["FuzzTargets", "Inference", "LiveServer", "Networks", "Streaming", "Threading"],
      swiftSettings: settings),
    .target(
      name: "FuzzTraining", dependencies: ["FuzzTargets", "Safetensors", "TestSupport", "Training"],
      swiftSettings: settings),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors"], swiftSettings: settings),
    .testTarget(name: "ThreadingTests", dependencies: ["Threading"], swiftSettings: settings),
    .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "ConsoleTests",
      dependencies: [
        "Console", "Networks", "Tensors", "TestSupport",
        argumentParser, logging,
      ],
      swiftSettings: settings),
    .testTarget(
      name: "WideKernelsTests", dependencies: ["WideKernels", "CProcessor", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "BFloat16KernelsTests", dependencies: ["BFloat16Kernels", "CProcessor", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "KernelsTests", dependencies: ["Kernels", "Tensors", "Threading", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "SafetensorsTests", dependencies: ["Safetensors", "Files", "Tensors", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "FuzzTargetsTests", dependencies: ["FuzzTargets", "FuzzServer", "FuzzTraining", "TestSupport"],
      resources: [.copy("Inputs")], swiftSettings: settings),
    .testTarget(name: "GamesTests", dependencies: ["Games", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "FFmpegTests", dependencies: ["FFmpeg", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "NetworksTests", dependencies: ["Networks", "Safetensors", "Tensors", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ONNXTests",
      dependencies: [
        "ONNX", "Inference", "Networks", "Tensors", "TestSupport", "Threading",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Runtimes"], swiftSettings: settings),
    .testTarget(
      name: "AutogradTests", dependencies: ["Autograd", "Kernels", "Threading", "Tensors", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ImagingTests", dependencies: ["Imaging", "FFmpeg", "Kernels", "Tensors", "Threading", "TestSupport"],
      resources: [.copy("Fixtures")], swiftSettings: settings),
    .testTarget(
      name: "InferenceTests",
      dependencies: [
        "Inference", "Networks", "Autograd", "Training", "Imaging", "Tensors", "Threading", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "CInterfaceTests",
      dependencies: ["CImpasto", "CInterface", "Inference", "Kernels", "Networks", "Threading", "TestSupport"],
      exclude: ["Python"], swiftSettings: settings),
    .testTarget(
      name: "StreamingTests",
      dependencies: [
        "Streaming", "FFmpeg", "Imaging", "Inference", "Kernels", "Networks", "Threading", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Training", "Autograd", "Imaging", "Kernels", "Networks", "Safetensors", "Tensors", "Threading", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "FeatureInspectionTests",
      dependencies: [
        "FeatureInspection", "Training", "Autograd", "Imaging", "Kernels", "Networks", "Tensors",
        "Threading", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "LiveServerTests",
      dependencies: [
        "LiveServer", "stylize-live", "Streaming", "FFmpeg", "Games", "Inference", "Networks", "Threading",
        "TestSupport",
      ],
      exclude: ["Browser", "Game"], swiftSettings: settings),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "train-style", "evaluate-style", "optimize-image", "inspect-features", "stylize-image", "stylize-video",
        "Imaging", "Inference",
        "Networks",
        "Safetensors", "Streaming", "Tensors", "Threading", "TestSupport",
      ],
      swiftSettings: settings),
  ]
)
