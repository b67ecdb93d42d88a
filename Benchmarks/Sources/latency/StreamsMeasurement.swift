import Foundation
import Measurement
import Streaming
import Synchronization
import Threading

/// Measures the frame rates of several simultaneous streams, which take turns on the threads.
enum StreamsMeasurement {
  /// A row of the table.
  struct Row: Encodable {
    var network: String
    var size: String
    var streams: Int
    /// The frames per second that each source sends.
    var fpsIn: Double
    /// The painted frames per second of each stream.
    var fps: [Double]
    var totalFps: Double
    /// The minimum frame rate divided by the maximum: 1 if all streams have the same.
    var fairness: Double
    /// The 95th percentile of the time from the arrival of a frame to its writing, of the slowest stream.
    var p95Ms: Double
  }

  static let table = TextTable([
    .init("network", width: 12, isText: true), .init("size", width: 9, isText: true), .init("streams"),
    .init("fps in"), .init("total fps"), .init("min / max"), .init("p95 ms", width: 7),
    .init("fps of each", isText: true),
  ])

  static func cells(_ row: Row) -> [String] {
    [
      row.network, row.size, "\(row.streams)", row.fpsIn.threeDigits, row.totalFps.threeDigits,
      row.fairness.threeDigits, row.p95Ms.threeDigits, row.fps.map(\.threeDigits).joined(separator: " "),
    ]
  }

  /// The figures of each stream at the start of the measurement, and the latest ones.
  private struct Progress {
    var first: StylizationStatistics?
    var latest = StylizationStatistics()
  }

  private static let warmUp = 1.0

  /// Paints `streams` sources of `rate` frames per second at once, and measures for `seconds` after all of them have
  /// run for a second.
  static func run(
    _ source: PaintedSource, streams: Int, rate: Double, seconds: Double, _ pool: ComputePool
  ) throws -> Row {
    let turns = FairTurns()
    let progress = Mutex([Progress](repeating: Progress(), count: streams))
    let isOver = Atomic<Bool>(false)
    let threads = ThreadGroup()
    threads.onCancel { isOver.store(true, ordering: .releasing) }
    for index in 0..<streams {
      let member = turns.join()
      let style = source.style(pool) { try member.take($0) }
      threads.start("stream") {
        // `isOver` ends it; the hour is never reached.
        _ = try source.paint(
          rate: rate, seconds: 3600 + seconds, style: style, encoderThreads: 1,
          shouldStop: { isOver.load(ordering: .acquiring) },
          observe: { numbers in progress.withLock { $0[index].latest = numbers } })
      }
    }
    func pause(until condition: () -> Bool) {
      while !isOver.load(ordering: .acquiring), !condition() { usleep(20_000) }
    }
    pause { progress.withLock { $0.allSatisfy { $0.latest.framesOut > 1 && $0.latest.seconds > warmUp } } }
    progress.withLock { all in for index in all.indices { all[index].first = all[index].latest } }
    let end = ContinuousClock.now + .seconds(seconds)
    pause { ContinuousClock.now >= end }
    let measured = progress.withLock { $0 }
    isOver.store(true, ordering: .releasing)
    try threads.wait()

    // Both figures of a stream are from the same moment, so four updates per second suffice.
    let rates = measured.map { stream in
      guard let first = stream.first, stream.latest.seconds > first.seconds else { return 0.0 }
      return Double(stream.latest.framesOut - first.framesOut) / (stream.latest.seconds - first.seconds)
    }
    let (minimum, maximum) = (rates.min() ?? 0, rates.max() ?? 0)
    return Row(
      network: source.network, size: "\(source.size)", streams: streams, fpsIn: rate,
      fps: rates.map { $0.rounded(significantDigits: 4) },
      totalFps: rates.reduce(0, +).rounded(significantDigits: 4),
      fairness: maximum > 0 ? (minimum / maximum).rounded(significantDigits: 3) : 0,
      p95Ms: (measured.map(\.latest.latencyP95Ms).max() ?? 0).rounded(significantDigits: 4))
  }
}
