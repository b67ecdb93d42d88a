import ArgumentParser
import Console
import Files
import Foundation
import Inference
import Measurement
import Networks
import Streaming
import TestSupport
import Threading

/// Measures frame rates.
struct Framerate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "framerate",
    abstract:
      "Measures the frame rate of the engine alone and of the whole pipeline: decoding, painting and encoding.",
    discussion: """
      A point is one network, one size and one number of threads. A single point is measured in this process. Several \
      points are measured in separate processes, so that each has its own peak memory. Frames are timed individually \
      after two uncounted ones. Multiply-adds are counted as direct convolution, so the share of the processor's peak \
      may exceed 100 %.
      """,
    version: Program.version)

  @Option(
    parsing: .upToNextOption,
    help: "The networks: \(NetworkChoice.names.joined(separator: ", ")). (default: johnson half quarter)",
    transform: NetworkChoice.checkName)
  var network: [String] = []

  @Option(
    help: "The multiplier of the networks' channels. (default: 1)", transform: ArgumentValues.number(in: 0.125...4))
  var width = 1.0

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The sizes: WxH, 360p, 540p, 720p, 1080p. (default: the last four)", valueName: "size"),
    transform: NamedSize.parse)
  var size: [FrameSize] = []

  @Option(
    parsing: .upToNextOption, help: "The numbers of threads. (default: 1, and the number of processors)",
    transform: ArgumentValues.integer(in: 1...256))
  var threads: [Int] = []

  @Option(help: "The seconds of each measurement. (default: 10)", transform: ArgumentValues.number(positive: true))
  var seconds = 10.0

  @Option(
    help: "The number of frames to measure, instead of --seconds.", transform: ArgumentValues.integer(in: 1...1_000_000)
  )
  var frames: Int?

  @Flag(help: "Measure only the engine, without the whole pipeline.")
  var inferenceOnly = false

  @Option(
    help: ArgumentHelp(
      "The number of frames that the pipeline paints at a time, as in stylize-video. (default: one for each thread if memory allows)",
      valueName: "N"),
    transform: ArgumentValues.integer(in: 1...256))
  var parallelFrames: Int?

  @Option(help: "The model file with the network and weights, instead of --network with random weights.")
  var model: String?

  @Option(help: "The seed of the random weights.")
  var seed: UInt64 = 1

  @Option(help: "The video to paint, scaled to each size first. (default: a synthetic one)")
  var clip: String?

  @Flag(help: "Print one JSON object to standard output.")
  var json = false

  @Option(help: "Write a chart of several points as SVG.")
  var chart: String?

  @Flag(help: "Hide the progress.")
  var quiet = false

  // MARK: One point

  @Flag(help: "Also print the time of each step of the network, for one point.")
  var profile = false

  @Flag(
    help:
      "For each line of standard input, a number of seconds, paint for that time and print the milliseconds of the frames as JSON, for one point."
  )
  var turns = false

  @Option(help: "Paint this frame: raw RGB24 of --size, for one point.")
  var input: String?

  @Option(help: "Write the network's result for the frame as float32 [H][W][3], 0…255 before clamping, for one point.")
  var outputFloats: String?

  @Option(help: "Write the measured model, including random weights, for one network.")
  var writeModel: String?

  @Option(help: "Only write the video of --frames frames that would be painted, for one size.")
  var writeClip: String?

  // MARK: -

  private var networkNames: [String] { network.isEmpty ? ["johnson", "half", "quarter"] : network }
  private var sizes: [FrameSize] { size.isEmpty ? NamedSize.all.map(\.size) : size }

  private var threadCounts: [Int] {
    threads.isEmpty ? Array(Set([1, ComputePool.availableProcessors])).sorted() : threads
  }

  func validate() throws {
    if model != nil, !network.isEmpty || width != 1 {
      throw ValidationError("--model defines the network and its width: leave out --network and --width")
    }
    let networkCount = model == nil ? networkNames.count : 1
    let points = networkCount * sizes.count * threadCounts.count
    let singular: [(String, Bool)] = [
      ("--profile", profile), ("--turns", turns), ("--input", input != nil), ("--output-floats", outputFloats != nil),
    ]
    if points > 1, let option = singular.first(where: \.1)?.0 {
      throw ValidationError("\(option) needs one point: one network, one size, one number of threads")
    }
    if points == 1, chart != nil { throw ValidationError("--chart needs several points") }
    if writeModel != nil, networkCount > 1 { throw ValidationError("--write-model needs one network") }
    if writeClip != nil, sizes.count > 1 || frames == nil {
      throw ValidationError("--write-clip needs one size and --frames")
    }
  }

  func run() throws {
    if let writeClip, let frames {
      let path = try OutputPath.resolve(writeClip, inputs: clip.map { [$0] } ?? [])
      return try ClipWriter.write(path, size: sizes[0], frames: frames, clip: clip)
    }
    if let clip { try InputPath.checkFile(clip) }
    let interrupt = InterruptFlag.install()
    let loaded = try model.map { try StyleModel.load(path: $0) }
    let networks =
      try loaded.map { [NetworkChoice($0.definition)] } ?? networkNames.map { try NetworkChoice($0, width: width) }
    let requests = networks.flatMap { network in
      sizes.flatMap { size in threadCounts.map { PointRequest(network: network, size: size, threads: $0) } }
    }
    if let writeModel {
      try (loaded ?? randomModel(networks[0].definition, seed: seed)).save(path: OutputPath.resolve(writeModel))
    }
    if requests.count == 1 {
      let weights = loaded ?? randomModel(networks[0].definition, seed: seed)
      try measure(requests[0], weights, interrupt)
    } else {
      let matrix = Matrix(requests: requests, options: childOptions, isQuiet: quiet, showsTable: !json)
      let points = try matrix.run(interrupt)
      let report = Report(machine: matrix.machine, points: points)
      if let chart { try FramerateChart(report).write(to: OutputPath.resolve(chart)) }
      if json { try JSONLine.print(report) }
    }
  }

  /// The options of one point's process, without network, size and threads.
  private var childOptions: [String] {
    var options = ["--json"]
    options += model.map { ["--model", $0] } ?? ["--seed", String(seed), "--width", String(width)]
    options += frames.map { ["--frames", String($0)] } ?? ["--seconds", String(seconds)]
    if inferenceOnly { options.append("--inference-only") }
    if let parallelFrames { options += ["--parallel-frames", String(parallelFrames)] }
    if let clip { options += ["--clip", clip] }
    return options
  }

  private func measure(_ request: PointRequest, _ model: StyleModel, _ interrupt: InterruptFlag) throws {
    let measurement = PointMeasurement(
      request: request, model: model, length: frames.map { .frames($0) } ?? .seconds(seconds), interrupt: interrupt,
      inputFile: input, outputFile: outputFloats, profiles: profile,
      video: inferenceOnly
        ? nil
        : .init(
          parallelism: parallelFrames.map { $0 == 1 ? .latency : .throughput(frames: $0) } ?? .throughput(), clip: clip)
    )
    if turns { return try measurement.takeTurns() }
    let point = try measurement.run()
    if json { return try JSONLine.print(point) }
    let table = FramerateTable()
    try StandardOutput.write(table.header + "\n" + table.row(point, name: request.network.name) + "\n")
    if let steps = point.steps { try StandardOutput.write("\n" + FramerateTable.text(of: steps)) }
  }
}
