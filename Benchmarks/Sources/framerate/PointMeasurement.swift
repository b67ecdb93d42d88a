import ArgumentParser
import Console
import Foundation
import Inference
import Measurement
import Networks
import Streaming
import Threading

/// Measures everything for one point in this process.
struct PointMeasurement {
  /// The whole pipeline.
  struct Video {
    var parallelism: Parallelism
    /// The video; nil for a synthetic one.
    var clip: String?
  }

  let request: PointRequest
  let model: StyleModel
  let length: MeasurementLength
  let interrupt: InterruptFlag
  /// Raw RGB24 to paint; nil for the first frame of the synthetic video.
  let inputFile: String?
  /// The file for its result.
  let outputFile: String?
  let profiles: Bool
  let video: Video?

  func run() throws -> Point {
    let size = request.size
    let frame =
      try inputFile.map { try FrameFile.rgb($0, size: size) } ?? Scene(width: size.width, height: size.height).frame(0)
    let pool = ComputePool(threads: request.threads)
    let prepared = try PreparedModel(model)
    // Measured before and after, because the processor may change its clock in between.
    var peak = Roofline.measuredPeak(pool)

    let (inference, steps) = try measureEngine(prepared, frame, pool)
    let inferencePeak = PeakMemory.megabytes
    var whole: (parallel: MeasuredFrames, video: MeasuredFrames, parallelFrames: Int)?
    if let video { whole = try measure(video, prepared, frame) }
    peak = max(peak, Roofline.measuredPeak(pool))

    let definition = request.network.definition
    let gmacPerFrame = try Self.gmacPerFrame(definition, size)
    func rates(_ measured: MeasuredFrames) -> Point.Rates {
      Point.Rates(measured, gmacPerFrame: gmacPerFrame, peakGFLOPS: peak)
    }
    return Point(
      network: definition.resultName, width: definition.width, size: "\(size)",
      threads: request.threads,
      gmacPerFrame: gmacPerFrame.rounded(significantDigits: 5), peakGFLOPS: peak.rounded(significantDigits: 4),
      inference: rates(inference), parallel: (whole?.parallel).map(rates), parallelFrames: whole?.parallelFrames,
      endToEnd: (whole?.video).map(rates), peakMemoryMB: PeakMemory.megabytes.rounded(significantDigits: 5),
      inferencePeakMemoryMB: whole == nil ? nil : inferencePeak.rounded(significantDigits: 5), steps: steps)
  }

  /// The answer to one turn.
  private struct Turn: Encodable {
    let ms: [Double]
    let peakMemoryMB: Double
  }

  /// For each line of standard input, paints for that number of seconds and prints the times of the frames. Comparisons
  /// use it to alternate between programs that stay loaded.
  func takeTurns() throws {
    let size = request.size
    let frame =
      try inputFile.map { try FrameFile.rgb($0, size: size) } ?? Scene(width: size.width, height: size.height).frame(0)
    let engine = try EngineMeasurement(
      request, model: PreparedModel(model), frame: frame, pool: ComputePool(threads: request.threads),
      interrupt: interrupt)
    _ = try engine.frames(.frames(1))
    while let line = readLine() {
      guard let seconds = Double(line) else {
        throw ValidationError("a turn's length was '\(line)', expected a number of seconds")
      }
      try JSONLine.print(
        Turn(ms: engine.frames(.seconds(seconds), warmUp: 0).times, peakMemoryMB: PeakMemory.megabytes))
    }
  }

  /// Measures the engine, which is freed before the pipeline is measured so that their memory is not added.
  private func measureEngine(
    _ model: PreparedModel, _ frame: [UInt8], _ pool: ComputePool
  ) throws -> (MeasuredFrames, [Point.Step]?) {
    let engine = try EngineMeasurement(request, model: model, frame: frame, pool: pool, interrupt: interrupt)
    let frames = try engine.frames(length)
    if let outputFile { try FrameFile.write(try engine.floats(), to: OutputPath.resolve(outputFile)) }
    var repetitions = 10
    if case .frames(let count) = length { repetitions = min(count, repetitions) }
    return (frames, profiles ? try engine.profile(repetitions: repetitions) : nil)
  }

  private func measure(
    _ video: Video, _ model: PreparedModel, _ frame: [UInt8]
  ) throws -> (parallel: MeasuredFrames, video: MeasuredFrames, parallelFrames: Int) {
    let measurement = try VideoMeasurement(
      request, model: model, parallelism: video.parallelism, interrupt: interrupt)
    let parallel = try measurement.frames(length, of: frame)
    let count =
      switch length {
      case .frames(let count): count
      case .seconds(let wanted): max(10, Int((wanted * Double(parallel.count) / parallel.seconds).rounded()))
      }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("impasto-framerate-\(getpid())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let clip = folder + "/clip.mp4"
    // In a separate process, so that its memory is not counted.
    _ = try ChildProcess.run(
      ["--write-clip", clip, "--size", "\(request.size)", "--frames", String(count)]
        + (video.clip.map { ["--clip", $0] } ?? []))
    return (parallel, try measurement.video(clip), measurement.parallelFrames)
  }

  /// Returns 10⁹ multiply-adds for a frame, extended as the network requires; for a network with a canvas, those of
  /// draft and revision.
  private static func gmacPerFrame(_ definition: NetworkDefinition, _ size: FrameSize) throws -> Double {
    let extents = definition.frameExtents(height: size.height, width: size.width)
    return Double(try definition.multiplyAdds(height: extents.height, width: extents.width)) / 1e9
  }
}
