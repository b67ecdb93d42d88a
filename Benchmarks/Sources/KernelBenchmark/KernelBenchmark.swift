import ArgumentParser
import Console
import Kernels
import Measurement
import Threading

/// Measures each convolution kernel.
struct KernelBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels",
    abstract: "Measures every convolution kernel on the shapes in the networks.",
    discussion: """
      The engine's kernels that support a shape take turns with OpenBLAS on gathered patches (im2col). A star marks the \
      kernel in the engine's plan. The layers of a revision have none, because they are one pass. Operations are those of \
      direct convolution. The roofline is measured: the peak of 8-wide fused multiply-adds, and the memory bandwidth with \
      input, output and weight moved once.
      """,
    version: Program.version)

  @Option(
    parsing: .upToNextOption,
    help: "The networks: \(NetworkChoice.names.joined(separator: ", ")). (default: johnson half quarter)",
    transform: NetworkChoice.checkName)
  var network: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The sizes: WxH, 360p, 540p, 720p, 1080p. (default: 360p 720p)", valueName: "size"),
    transform: NamedSize.parse)
  var size: [FrameSize] = []

  @Option(
    parsing: .upToNextOption, help: "The numbers of threads. (default: 1, and the number of processors)",
    transform: ArgumentValues.integer(in: 1...256))
  var threads: [Int] = []

  @Option(
    parsing: .upToNextOption,
    help:
      "The kernels to measure besides im2col: \(LayerKernel.allCases.map(\.description).joined(separator: ", ")). (default: all)",
    transform: { name in
      guard let algorithm = LayerKernel(name) else {
        throw ValidationError("expected one of \(LayerKernel.allCases.map(\.description).joined(separator: ", "))")
      }
      return algorithm
    })
  var algorithm: [LayerKernel] = []

  @Option(
    help: "The seconds to measure each shape, for at least three rounds. (default: 1)",
    transform: ArgumentValues.number(positive: true))
  var seconds = 1.0

  @Flag(help: "Print one JSON object to standard output.")
  var json = false

  @Flag(help: "Hide the progress.")
  var quiet = false

  func run() throws {
    let interrupt = InterruptFlag.install()
    let networks = try (network.isEmpty ? ["johnson", "half", "quarter"] : network).map { try NetworkChoice($0) }
    let sizes = size.isEmpty ? NamedSize.all.filter { ["360p", "720p"].contains($0.name) }.map(\.size) : size
    let threads = threads.isEmpty ? Array(Set([1, ComputePool.availableProcessors])).sorted() : threads
    let kernels = Set(algorithm.isEmpty ? LayerKernel.allCases : algorithm)

    var report = KernelReport(machine: .current())
    let pools = threads.map { ComputePool(threads: $0) }
    report.rooflines = pools.map { Roofline(measuredOn: $0) }
    if !json { try StandardOutput.write(KernelTable.text(of: report.rooflines) + KernelTable.header + "\n") }

    let cases = try networks.flatMap { network in
      try sizes.flatMap { size in
        try ConvolutionLayer.all(of: network.definition, height: size.height, width: size.width).flatMap { layer in
          zip(pools, report.rooflines).map { (network, size, layer, $0) }
        }
      }
    }
    let progress = ProgressReporter(
      title: "Measuring", total: cases.count,
      units: ProgressReporter.Units(steps: "shapes", rate: "shapes/s"), mode: quiet ? .none : .bar)
    for (index, (network, size, layer, (pool, roofline))) in cases.enumerated() {
      progress.update(completed: index, detail: layer.geometry.text)
      let rows = LayerMeasurement(network: network, size: size, layer: layer, roofline: roofline)
        .run(kernels, pool: pool, seconds: seconds)
      if let code = interrupt.exitCode { throw ExitCode(code) }
      report.convolutions += rows
      if !json {
        ConsoleOutput.standardError.clearStatus()
        try StandardOutput.write(rows.map { KernelTable.row($0) + "\n" }.joined())
      }
    }
    progress.update(completed: cases.count)
    progress.finish()
    if json { try JSONLine.print(report) }
  }
}
