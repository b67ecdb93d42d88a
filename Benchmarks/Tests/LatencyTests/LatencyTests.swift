import Foundation
import TestSupport
import Testing

/// Tests the built program.
@Suite(.serialized) struct LatencyTests {
  private struct Report<Row: Decodable>: Decodable {
    struct Machine: Decodable { var processor: String }

    var machine: Machine
    var threads: Int
    var rows: [Row]
  }

  private struct Delay: Decodable {
    var network: String
    var size: String
    var fps: Double
    var framesIn: Int
    var framesOut: Int
    var framesDropped: Int
    var p50Ms: Double
    var p95Ms: Double
    var p95Intervals: Double
  }

  private struct Streams: Decodable {
    var network: String
    var size: String
    var streams: Int
    var fpsIn: Double
    var fps: [Double]
    var totalFps: Double
    var fairness: Double
    var p95Ms: Double
  }

  private let program: BuiltProgram

  init() throws { program = try BuiltProgram("latency") }

  private func report<Row: Decodable>(_ arguments: [String], of row: Row.Type) throws -> Report<Row> {
    let result = try program.run(arguments + ["--width", "0.5", "--size", "64x36", "--threads", "2", "--json"])
    #expect(result.exitCode == 0, "\(result.errors)")
    return try JSONDecoder().decode(Report<Row>.self, from: Data(result.output.utf8))
  }

  @Test func everyFrameIsPaintedOrDropped() throws {
    let report = try report(["--network", "half", "quarter", "--fps", "10", "--seconds", "2"], of: Delay.self)
    #expect(report.threads == 2 && !report.machine.processor.isEmpty)
    #expect(report.rows.map(\.network) == ["half", "quarter"])
    for row in report.rows {
      #expect(row.size == "64x36" && row.fps == 10)
      // Three seconds of ten frames.
      #expect(row.framesIn == 30 && row.framesOut + row.framesDropped == 30 && row.framesOut > 0)
      #expect(row.p50Ms > 0 && row.p50Ms <= row.p95Ms)
      // The result of one division of doubles.
      #expect(abs(row.p95Intervals - row.p95Ms / 100) < 1e-9 * row.p95Intervals)
    }
  }

  @Test func streamsAreCountedSeparately() throws {
    let report = try report(
      ["--network", "quarter", "--streams", "1", "3", "--fps", "20", "--seconds", "2"], of: Streams.self)
    #expect(report.rows.map(\.streams) == [1, 3])
    for row in report.rows {
      #expect(row.fps.count == row.streams && row.fps.allSatisfy { $0 > 0 } && row.fpsIn == 20 && row.p95Ms > 0)
      // Rounded to four digits and three.
      #expect(abs(row.totalFps / row.fps.reduce(0, +) - 1) < 1e-3)
      let ratio = (row.fps.min() ?? 0) / (row.fps.max() ?? 1)
      #expect(abs(row.fairness - ratio) < 2e-3)
    }
  }

  @Test(arguments: [
    (["--network", "third"], "no network 'third'"), (["--size", "9y9"], "expected WxH"),
    (["--streams", "0"], "expected a whole number"), (["--fps", "0"], "expected a number"),
  ])
  func wrongUsage(arguments: [String], expected: String) throws {
    let result = try program.run(arguments)
    #expect(result.exitCode == 2 && result.errors.contains(expected), "\(result.errors)")
  }
}
