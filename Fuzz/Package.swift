// swift-tools-version: 6.2
// The fuzzer of Impasto: a package of its own, because it links the toolchain's libFuzzer. `make fuzz` builds it.

import PackageDescription

let package = Package(
  name: "ImpastoFuzz",
  dependencies: [.package(name: "Impasto", path: "..")],
  targets: [
    .executableTarget(
      name: "fuzz", dependencies: [.product(name: "FuzzTargets", package: "Impasto")],
      swiftSettings: [.enableUpcomingFeature("MemberImportVisibility")])
  ]
)
