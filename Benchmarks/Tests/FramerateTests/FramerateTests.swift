import Foundation
import Inference
import Measurement
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// Tests the built program. Other programs rely on its options and JSON.
@Suite struct FramerateTests {
  private let program: BuiltProgram
  private let folder: TemporaryFolder

  init() throws {
    program = try BuiltProgram("framerate")
    folder = try TemporaryFolder()
  }

  private func object(_ arguments: [String]) throws -> [String: Any] {
    let result = try program.run(arguments)
    #expect(result.exitCode == 0, "\(result.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  private func number(_ object: [String: Any], _ path: String...) throws -> Double {
    var value: Any? = object
    for key in path { value = (value as? [String: Any])?[key] }
    return try #require((value as? NSNumber)?.doubleValue, "\(path)")
  }

  @Test func onePointWithoutVideo() throws {
    let point = try object([
      "--network", "johnson", "--width", "0.25", "--size", "40x24", "--threads", "2", "--seconds", "0.05",
      "--inference-only", "--json",
    ])
    #expect(point["network"] as? String == "johnson" && point["size"] as? String == "40x24")
    #expect(try number(point, "width") == 0.25 && number(point, "threads") == 2)
    let (fps, p50, p95, p99) = try (
      number(point, "inference", "fps"), number(point, "inference", "p50Ms"), number(point, "inference", "p95Ms"),
      number(point, "inference", "p99Ms")
    )
    #expect(fps > 0 && p50 > 0 && p50 <= p95 && p95 <= p99)
    #expect(try number(point, "peakMemoryMB") > 1)
    #expect(point["endToEnd"] == nil && point["steps"] == nil)
    // 2·GMAC/s divided by the peak, all rounded to three digits or more.
    let share = try 2 * number(point, "inference", "gmacPerSecond") / number(point, "peakGFLOPS")
    #expect(try abs(number(point, "inference", "peakShare") / share - 1) < 0.01)
  }

  @Test func pipelinePaintsEveryFrame() throws {
    let point = try object([
      "--network", "johnson", "--width", "0.125", "--size", "50x30", "--threads", "3", "--frames", "12", "--json",
      "--parallel-frames", "2",
    ])
    #expect(try number(point, "inference", "frames") == 12 && number(point, "endToEnd", "frames") == 12)
    #expect(try number(point, "parallel", "frames") == 12 && number(point, "parallelFrames") == 2)
    #expect(try number(point, "endToEnd", "fps") > 0 && number(point, "endToEnd", "p50Ms") > 0)
  }

  @Test func floatsMatchTheEngineAndTheModelIsWritten() throws {
    let (width, height) = (21, 10)
    var random = Random(seed: 5)
    let pixels = random.uniform(count: 3 * width * height, in: 0...255).map { UInt8($0) }
    try folder.write(pixels, to: "frame.rgb")
    let point = try object([
      "--network", "quarter", "--seed", "3", "--size", "\(width)x\(height)", "--threads", "1", "--frames", "1",
      "--inference-only", "--json", "--profile", "--input", folder.file("frame.rgb"), "--output-floats",
      folder.file("result.f32"), "--write-model", folder.file("model.safetensors"),
    ])
    let steps = try #require(point["steps"] as? [[String: Any]])
    #expect(steps.count > 10 && steps.allSatisfy { ($0["ms"] as? Double).map { $0 >= 0 } == true })

    let model = try StyleModel.load(path: folder.file("model.safetensors"))
    let engine = try StyleEngine(model: model, width: width, height: height, pool: ComputePool(threads: 1))
    let input = Tensor(Shape(batch: 1, height: height, width: width, channels: 3), elements: pixels.map(Float.init))
    let expected = try engine.run(input).elements.flatMap {
      withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init)
    }
    #expect(try folder.bytes(of: "result.f32") == expected)

    let again = try object([
      "--model", folder.file("model.safetensors"), "--size", "8x8", "--threads", "1", "--frames", "1",
      "--inference-only",
      "--json",
    ])
    #expect(again["network"] as? String == "johnson")
    #expect(try number(again, "width") == 0.25)
  }

  @Test func pointsAreMeasuredSeparately() throws {
    let report = try object([
      "--network", "johnson", "--width", "0.125", "--size", "16x16", "256x256", "--threads", "1", "--frames", "2",
      "--inference-only", "--json", "--chart", folder.file("chart.svg"),
    ])
    let points = try #require(report["points"] as? [[String: Any]])
    #expect(points.map { $0["size"] as? String } == ["16x16", "256x256"])
    // Only the process of the larger frame holds the activations of the larger frame: at least 256 · 256 · 4 channels
    // of 4 bytes.
    #expect(try number(points[1], "peakMemoryMB") > number(points[0], "peakMemoryMB") + 1)
    #expect((report["machine"] as? [String: Any])?["processor"] is String)
    #expect(String(decoding: try folder.bytes(of: "chart.svg"), as: UTF8.self).hasPrefix("<svg "))
  }

  @Test(arguments: [
    (["--network", "third"], "no network 'third'"), (["--size", "9y9"], "expected WxH"),
    (["--network", "half", "--profile"], "--profile needs one point"),
    (["--model", "a.safetensors", "--width", "0.5"], "leave out"), (["--write-clip", "a.mp4"], "--frames"),
    (["--frames", "0"], "expected a whole number"),
  ])
  func wrongUsage(arguments: [String], expected: String) throws {
    let result = try program.run(arguments)
    #expect(result.exitCode == 2 && result.errors.contains(expected), "\(result.errors)")
  }

  @Test func frameOfWrongSizeIsRejected() throws {
    try folder.write([1, 2, 3], to: "frame.rgb")
    let result = try program.run([
      "--network", "quarter", "--size", "8x8", "--threads", "1", "--frames", "1", "--input", folder.file("frame.rgb"),
    ])
    #expect(result.exitCode == 1 && result.errors.contains("holds 3 bytes, expected 192"), "\(result.errors)")
  }
}
