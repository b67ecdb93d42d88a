import ArgumentParser
import Console
import Inference
import Measurement
import Streaming
import TestSupport
import Threading

/// Measures the delay of live painting, and how several streams share the machine.
struct Latency: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "latency",
    abstract: "Measures the time from the arrival of a live frame to the writing of the painted, encoded frame.",
    discussion: """
      A test pattern arrives at a constant rate, is painted at full size and encoded with the settings of --live. Without \
      --fps, the rate is what the machine sustains: 0.7 of the frame rate of the engine alone, at most 30. The percentiles \
      are those of the last five seconds.

      --streams measures the frame rates of several simultaneous sources instead, which share the threads as in \
      stylize-live. Each sends 30 frames per second, or the rate of --fps.
      """,
    version: Program.version)

  @Option(
    parsing: .upToNextOption, help: "The networks: \(NetworkChoice.names.joined(separator: ", ")). (default: half)",
    transform: NetworkChoice.checkName)
  var network: [String] = []

  @Option(help: "The multiplier of the networks' channels.", transform: ArgumentValues.number(in: 0.125...4))
  var width = 1.0

  @Option(
    parsing: .upToNextOption,
    help: "The sizes: 360p, 540p, 720p, 1080p, or WxH. (default: 320x180 360p 540p; with --streams 360p)",
    transform: NamedSize.parse)
  var size: [FrameSize] = []

  @Option(
    parsing: .upToNextOption, help: "The frames per second. (default: what the machine sustains; with --streams, 30)",
    transform: ArgumentValues.number(in: 0.5...240))
  var fps: [Double] = []

  @Option(
    parsing: .upToNextOption, help: "Measure the frame rates of this number of simultaneous sources.",
    transform: ArgumentValues.integer(in: 1...64))
  var streams: [Int] = []

  @Option(
    help: "The number of compute threads. (default: the number of processors)",
    transform: ArgumentValues.integer(in: 1...256))
  var threads: Int?

  @Option(help: "The seconds of each measurement.", transform: ArgumentValues.number(in: 2...3600))
  var seconds = 10.0

  @Flag(help: "Print one JSON object to standard output.")
  var json = false

  /// The object of `--json`.
  private struct Report<Row: Encodable>: Encodable {
    var machine: Machine
    var threads: Int
    var seconds: Double
    var rows: [Row]
  }

  func run() throws {
    if streams.isEmpty {
      try measure(DelayMeasurement.table, ["320x180", "360p", "540p"], DelayMeasurement.cells) { source, pool in
        let rates = try fps.isEmpty ? [DelayMeasurement.heldRate(source, pool)] : fps
        return try rates.map { try DelayMeasurement.run(source, rate: $0, seconds: seconds, pool) }
      }
    } else {
      try measure(StreamsMeasurement.table, ["360p"], StreamsMeasurement.cells) { source, pool in
        try (fps.isEmpty ? [30] : fps).flatMap { rate in
          try streams.map { try StreamsMeasurement.run(source, streams: $0, rate: rate, seconds: seconds, pool) }
        }
      }
    }
  }

  /// Measures all networks and sizes, and prints each row as soon as it is measured, or all as JSON.
  private func measure<Row: Encodable>(
    _ table: TextTable, _ usualSizes: [String], _ cells: (Row) -> [String],
    rows: (PaintedSource, ComputePool) throws -> [Row]
  ) throws {
    let machine = Machine.current()
    let pool = ComputePool(threads: threads)
    let sizes = try size.isEmpty ? usualSizes.map(NamedSize.parse) : size
    if !json { print(table.header) }
    var all: [Row] = []
    for name in network.isEmpty ? ["half"] : network {
      let choice = try NetworkChoice(name, width: width)
      let model = try PreparedModel(randomModel(choice.definition, seed: 1))
      for size in sizes {
        let found = try rows(PaintedSource(network: choice.name, model: model, size: size), pool)
        all += found
        if !json { for row in found { print(table.row(cells(row))) } }
      }
    }
    if json {
      try JSONLine.print(Report(machine: machine, threads: pool.threadCount, seconds: seconds, rows: all))
    }
  }
}
