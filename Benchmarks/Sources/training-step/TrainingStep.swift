import ArgumentParser
import Autograd
import Console
import Foundation
import Imaging
import Kernels
import Measurement
import Tensors
import Threading
import Training

/// Measures one step of a training run.
struct TrainingStep: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "training-step",
    abstract: "Measures one training step: forward, objective, backward, Adam.",
    discussion: """
      The objective is that of train-style, with VGG-16 as the feature extractor. The pictures are random, since their \
      values do not affect the time. Memory is the maximum resident set of this process, including the extractor's \
      weights and the style's targets.
      """,
    version: Program.version)

  @Option(help: "The network: \(NetworkChoice.names.joined(separator: ", ")).", transform: NetworkChoice.checkName)
  var network = "johnson"

  @Option(help: "The multiplier of the network's channels.", transform: ArgumentValues.number(in: 0.125...4))
  var width = 1.0

  @Option(help: "The number of photos in a step.", transform: ArgumentValues.integer(in: 1...64))
  var batchSize = 4

  @Option(
    help: "The side of the photos and of the painting in pixels.", transform: ArgumentValues.integer(in: 32...1024))
  var imageSize = 256

  @Option(
    help: "The number of compute threads. (default: the number of processors)",
    transform: ArgumentValues.integer(in: 1...256))
  var threads: Int?

  @OptionGroup
  var precision: PrecisionOptions

  @Option(help: "The number of steps to measure.", transform: ArgumentValues.integer(in: 1...10_000))
  var steps = 7

  @Option(help: "The number of uncounted steps before.", transform: ArgumentValues.integer(in: 0...100))
  var warmup = 1

  @Option(help: "The extractor's weights. (default: those that 'make setup' downloads)")
  var vgg: String?

  @Flag(help: "Show the time of each operation.")
  var profile = false

  @Flag(help: "Wait for a line on standard input before each step, to alternate with another program.")
  var waits = false

  @Flag(help: "Print one JSON object to standard output.")
  var json = false

  /// One operation's share in seconds per step.
  private struct OperationReport: Encodable {
    var name: String
    var calls: Int
    var forwardSeconds: Double
    var backwardSeconds: Double
  }

  private struct Report: Encodable {
    var machine: Machine
    var network: String
    var width: Double
    var batchSize: Int
    var imageSize: Int
    var threads: Int
    var precision: String
    var steps: Int
    var secondsPerStep: Double
    var fastest: Double
    var slowest: Double
    var peakMemoryMB: Double
    var operations: [OperationReport]?
  }

  func run() throws {
    let machine = Machine.current()
    let pool = ComputePool(threads: threads)
    var random = RandomPictures(seed: 1)
    var settings = TrainingSettings(
      network: network, width: width, batchSize: batchSize, imageSize: imageSize, styleSize: imageSize)
    settings.precision = precision.products
    let trainer = try StyleTrainer(
      settings: settings, style: random.picture(size: imageSize), styleChecksum: "none",
      extractor: VGG16(path: vgg ?? Installation().vggWeights()), pool: pool)
    let batch = TrainingBatch(photos: random.photos(count: batchSize, size: imageSize))
    var seconds: [Double] = []
    for index in 0..<warmup + steps {
      if waits { _ = readLine() }
      if profile && index == warmup { trainer.times = OperationTimes() }
      let time = try Timing.milliseconds { _ = try trainer.step(batch) } / 1000
      // Unbuffered: a process that waits for the line starts the next turn.
      if waits { FileHandle.standardOutput.write(Data("\(time)\n".utf8)) }
      if index >= warmup { seconds.append(time) }
    }
    let report = Report(
      machine: machine, network: network, width: width, batchSize: batchSize, imageSize: imageSize,
      threads: pool.threadCount, precision: settings.precision.rawValue, steps: steps,
      secondsPerStep: Statistics.median(seconds).rounded(significantDigits: 4),
      fastest: (seconds.min() ?? 0).rounded(significantDigits: 4),
      slowest: (seconds.max() ?? 0).rounded(significantDigits: 4),
      peakMemoryMB: PeakMemory.megabytes.rounded(significantDigits: 4), operations: trainer.times.map(operations))
    if json { return try JSONLine.print(report) }
    print(
      "\(network), batch \(batchSize), \(imageSize)×\(imageSize), \(pool.threadCount) threads, \(report.precision): "
        + "\(report.secondsPerStep) s a step (\(report.fastest) to \(report.slowest)), \(report.peakMemoryMB) MB")
    printProfile(report.operations ?? [])
  }

  private func operations(_ times: OperationTimes) -> [OperationReport] {
    times.entries.map { entry in
      OperationReport(
        name: entry.name, calls: entry.calls / steps,
        forwardSeconds: (entry.forward / Double(steps)).rounded(significantDigits: 3),
        backwardSeconds: (entry.backward / Double(steps)).rounded(significantDigits: 3))
    }
  }

  private func printProfile(_ operations: [OperationReport]) {
    guard !operations.isEmpty else { return }
    let table = TextTable([
      .init("operation", width: 44, isText: true), .init("calls"), .init("forward ms"), .init("backward ms"),
    ])
    print(table.header)
    for operation in operations {
      print(
        table.row([
          operation.name, "\(operation.calls)", (operation.forwardSeconds * 1000).threeDigits,
          (operation.backwardSeconds * 1000).threeDigits,
        ]))
    }
  }
}

/// Pictures of noise, the same for the same seed.
private struct RandomPictures {
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed, stream: 0) }

  mutating func picture(size: Int) -> Picture {
    Picture(width: size, height: size, pixels: (0..<3 * size * size).map { _ in UInt8(255 * random.uniform()) })
  }

  mutating func photos(count: Int, size: Int) -> Tensor {
    let shape = Shape(batch: count, height: size, width: size, channels: 3)
    return Tensor(shape, elements: (0..<shape.count).map { _ in 255 * random.uniform() })
  }
}
