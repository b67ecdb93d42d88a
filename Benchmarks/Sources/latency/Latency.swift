import ArgumentParser
import Console
import FFmpeg
import Foundation
import Inference
import Measurement
import Networks
import Streaming
import Threading

/// Measures the delay of live painting.
struct Latency: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "latency",
    abstract: "Measures the time from the arrival of a live frame to the writing of its painted and encoded one.",
    discussion: """
      A test pattern comes in at an even rate, is painted at its full size and encoded with the settings of --live. Without \
      --fps the rate is what the machine holds: 0.7 of the frames a second that the engine alone paints, 30 at most. \
      The percentiles are those of the last five seconds.
      """,
    version: Program.version)

  @Option(help: "The network: \(NetworkChoice.names.joined(separator: ", ")).", transform: NetworkChoice.checkName)
  var network = "half"

  @Option(help: "The multiplier of the network's channels.", transform: ArgumentValues.number(in: 0.125...4))
  var width = 1.0

  @Option(
    parsing: .upToNextOption, help: "Sizes as WxH. (default: 320x180 640x360 960x540)", transform: FrameSize.parse)
  var size: [FrameSize] = []

  @Option(
    parsing: .upToNextOption, help: "Frames a second. (default: what the machine holds)",
    transform: ArgumentValues.number(in: 0.5...240))
  var fps: [Double] = []

  @Option(
    help: "Threads that compute. (default: one for each processor)", transform: ArgumentValues.integer(in: 1...256))
  var threads: Int?

  @Option(help: "How long to measure each.", transform: ArgumentValues.number(in: 2...3600))
  var seconds = 10.0

  @Flag(help: "Print one JSON object on standard output.")
  var json = false

  /// One line of the table.
  private struct Row: Encodable {
    var size: String
    var fps: Double
    var framesIn: Int
    var framesOut: Int
    var framesDropped: Int
    var paintMs: Double
    var p50Ms: Double
    var p95Ms: Double
    /// The 95th percentile in units of the interval from frame to frame.
    var p95Intervals: Double
  }

  private struct Report: Encodable {
    var machine: Machine
    var network: String
    var threads: Int
    var rows: [Row]
  }

  func run() throws {
    let machine = Machine.current()
    let choice = try NetworkChoice(network, width: width)
    let model = try PreparedModel(RandomModel.make(choice.definition, seed: 1))
    let pool = ComputePool(threads: threads)
    let sizes =
      size.isEmpty ? [(320, 180), (640, 360), (960, 540)].compactMap { FrameSize(width: $0, height: $1) } : size
    let table = TextTable([
      .init("size", width: 9, isText: true), .init("fps"), .init("in"), .init("out"), .init("dropped"),
      .init("paint ms"),
      .init("p50 ms"), .init("p95 ms"), .init("p95 / interval"),
    ])
    if !json { print(table.header) }
    var rows: [Row] = []
    for size in sizes {
      let rates = try fps.isEmpty ? [heldRate(model, size, pool)] : fps
      for rate in rates {
        let row = try measure(model, size, rate: rate, pool)
        rows.append(row)
        if !json {
          print(
            table.row([
              row.size, row.fps.threeDigits, "\(row.framesIn)", "\(row.framesOut)", "\(row.framesDropped)",
              row.paintMs.threeDigits, row.p50Ms.threeDigits, row.p95Ms.threeDigits, row.p95Intervals.threeDigits,
            ]))
        }
      }
    }
    if json {
      try JSONLine.print(Report(machine: machine, network: choice.name, threads: pool.threadCount, rows: rows))
    }
  }

  /// Frames a second that leave the machine room: decoding, conversion and encoding need some too.
  private func heldRate(_ model: PreparedModel, _ size: FrameSize, _ pool: ComputePool) throws -> Double {
    let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
    var pixels = [UInt8](repeating: 128, count: 3 * size.width * size.height)
    var times: [Double] = []
    while times.count < 7 {
      let time = try pixels.withUnsafeMutableBufferPointer { pixels in
        guard let base = pixels.baseAddress else { return 0.0 }
        return try ContinuousClock().measure {
          try engine.stylize(base, sourceStride: 3 * size.width, into: base, destinationStride: 3 * size.width)
        }.inSeconds
      }
      times.append(time)
    }
    let median = times.sorted()[times.count / 2]
    return min(30, max(0.5, (0.7 / median * 10).rounded(.down) / 10))
  }

  private func measure(_ model: PreparedModel, _ size: FrameSize, rate: Double, _ pool: ComputePool) throws -> Row {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("impasto-latency-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = try MediaSource("testsrc2=size=\(size):rate=\(rate):duration=\(seconds + 1),realtime", format: "lavfi")
    let style = LiveStyle(NamedStyle("random", model: model), pool: pool)
    let result = try LiveVideo(input: source).run(
      output: MediaTarget(folder.appendingPathComponent("out.mkv").path), style: style,
      encoding: EncodingOptions(threads: pool.threadCount, isLowDelay: true),
      options: LiveStylization.Options(adaptsWorkSize: false))
    let numbers = result.statistics
    return Row(
      size: "\(size)", fps: rate, framesIn: numbers.framesIn, framesOut: numbers.framesOut,
      framesDropped: numbers.framesDropped, paintMs: numbers.paintMs, p50Ms: numbers.latencyP50Ms,
      p95Ms: numbers.latencyP95Ms, p95Intervals: numbers.latencyP95Ms * rate / 1000)
  }
}
