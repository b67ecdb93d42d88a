// swift-tools-version: 6.2
// The fuzzers of Impasto: a package of its own, because they link the toolchain's libFuzzer. `make fuzz` builds them.
// What needs the server or training has a fuzzer of its own, so that the others build quickly.

import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("MemberImportVisibility")]

func library(_ name: String) -> Target.Dependency { .product(name: name, package: "Impasto") }

let package = Package(
  name: "ImpastoFuzz",
  dependencies: [.package(name: "Impasto", path: "..")],
  targets: [
    .target(name: "Driver", dependencies: [library("FuzzTargets")], swiftSettings: settings),
    .executableTarget(name: "fuzz", dependencies: ["Driver", library("FuzzTargets")], swiftSettings: settings),
    .executableTarget(
      name: "fuzz-server", dependencies: ["Driver", library("FuzzTargets"), library("FuzzServer")],
      swiftSettings: settings),
    .executableTarget(
      name: "fuzz-training", dependencies: ["Driver", library("FuzzTargets"), library("FuzzTraining")],
      swiftSettings: settings),
  ]
)
