import FFmpeg
import Foundation
import Inference
import Networks
import Streaming
import Synchronization
import TestSupport
import Testing
import Threading

/// Tests changes of the stroke size during painting. The frames have more lines than the canvases, which have 69, 96
/// and 134.
@Suite struct StrokeTests {
  private static let (width, height) = (216, 144)
  private let pool = ComputePool(threads: 2)

  private func canvasStyle(_ name: String = "canvas", seed: UInt64 = 1) throws -> NamedStyle {
    NamedStyle(name, model: try preparedRandomModel(seed: seed, network: canvasNetwork))
  }

  private func plainStyle(_ name: String = "plain", seed: UInt64 = 2) throws -> NamedStyle {
    NamedStyle(name, model: try preparedRandomModel(seed: seed))
  }

  /// Random RGB24 pixels without row padding.
  private func picture() -> [UInt8] {
    var random = Random(seed: 9)
    return random.uniform(count: 3 * Self.width * Self.height, in: 0...255).map { UInt8($0) }
  }

  private func paint(_ stylizer: any FrameStylizer) throws -> [Int] {
    let source = picture()
    var result = [UInt8](repeating: 0, count: source.count)
    try result.withUnsafeMutableBufferPointer { target in
      try source.withUnsafeBufferPointer { source in
        try stylizer.stylize(
          try #require(source.baseAddress), sourceStride: 3 * Self.width, into: try #require(target.baseAddress),
          destinationStride: 3 * Self.width)
      }
    }
    return result.map(Int.init)
  }

  private func engine(_ style: NamedStyle, lines: Int? = nil) throws -> any FrameStylizer {
    try style.model.makeStylizer(
      width: Self.width, height: Self.height, canvasLines: lines, pool: pool, memoryLimit: nil)
  }

  private func live(_ style: NamedStyle, strokes: Strokes = .medium) throws -> StyleMixer {
    let live = StyleMixer(style, pool: pool, strokes: strokes)
    try live.prepare(width: Self.width, height: Self.height)
    return live
  }

  private func difference(_ a: [Int], _ b: [Int]) -> Int { zip(a, b).map { abs($0 - $1) }.max() ?? 0 }

  @Test func eachStrokeSizeHasItsCanvas() throws {
    let style = try canvasStyle()
    let live = try live(style)
    #expect(live.settings.strokes == .medium && live.settings.canvas.map { [$0.width, $0.height] } == [144, 96])
    let medium = try paint(live)
    #expect(try medium == paint(engine(style)))
    for (strokes, lines, canvas) in [
      (Strokes.size(.large), 69, [104, 68]), (.size(.small), 134, [200, 136]), (.lines(120), 120, [180, 120]),
    ] {
      try live.setStrokes(strokes)
      #expect(live.settings.strokes == strokes && live.settings.canvas.map { [$0.width, $0.height] } == canvas)
      let painted = try paint(live)
      #expect(try painted == paint(engine(style, lines: lines)), "\(strokes)")
      #expect(difference(painted, medium) > 20, "\(strokes)")
    }
    try live.setStrokes(.medium)
    #expect(try paint(live) == medium)
    #expect(try paint(self.live(style, strokes: .size(.large))) == paint(engine(style, lines: 69)))
  }

  @Test func strokesFade() throws {
    let style = try canvasStyle()
    let (before, after) = (try paint(engine(style)), try paint(engine(style, lines: 69)))
    let live = try live(style)
    try live.setStrokes(.size(.large), fade: .seconds(100))
    // It remains one style during the fade.
    #expect(live.settings.isFading && live.settings.styles.map(\.name) == ["canvas"])
    #expect(live.settings.styles.map(\.share) == [1])
    #expect(difference(try paint(live), before) <= 12, "the start of a fade of 100 s")
    // A reversed fade starts at the current state.
    try live.setStrokes(.medium, fade: .seconds(100))
    #expect(difference(try paint(live), before) <= 12)
    try live.setStrokes(.size(.large), fade: .milliseconds(60))
    usleep(100_000)
    #expect(try paint(live) == after)
    #expect(!live.settings.isFading)
  }

  @Test func stylesWithoutACanvasDoNotChange() throws {
    let (canvas, plain) = (try canvasStyle(), try plainStyle())
    let live = try live(plain)
    let before = try paint(live)
    #expect(live.settings.strokes == nil && live.settings.canvas == nil)
    #expect(throws: ModelError.noCanvas(styles: ["plain"])) { try live.setStrokes(.size(.large)) }
    #expect(throws: ModelError.noCanvas(styles: ["plain"])) { try live.mix([(plain, 1)], strokes: .medium) }
    #expect(try paint(live) == before)

    try live.mix([(plain, 1), (canvas, 1)], strokes: .size(.large))
    let expected = try zip(before, paint(engine(canvas, lines: 69))).map { (Double($0 + $1) / 2).rounded() }
    #expect(difference(try paint(live), expected.map { Int($0) }) <= 1)
    #expect(live.settings.strokes == .size(.large))

    // Later styles keep the stroke size.
    try live.select(plain)
    #expect(live.settings.strokes == nil)
    #expect(try paint(live) == before)
    let other = try canvasStyle("other", seed: 3)
    try live.select(other)
    #expect(try paint(live) == paint(engine(other, lines: 69)))
  }

  @Test func rejectedChangesHaveNoEffect() throws {
    let live = try live(canvasStyle())
    let before = try paint(live)
    for lines in [0, 63, 1025] {
      #expect(throws: InferenceError.unsupportedCanvas(lines: lines)) { try live.setStrokes(.lines(lines)) }
    }
    #expect(live.settings.strokes == .medium && !live.settings.isFading)
    #expect(try paint(live) == before)
  }

  @Test func otherFrameSizesKeepTheStrokes() throws {
    let style = try canvasStyle()
    let live = StyleMixer(style, pool: pool)
    try live.prepare(width: 40, height: 30)
    // A canvas is never larger than the frame.
    #expect(live.settings.canvas.map { [$0.width, $0.height] } == [40, 32])
    try live.setStrokes(.size(.large))
    try live.prepare(width: Self.width, height: Self.height)
    #expect(try paint(live) == paint(engine(style, lines: 69)))
    // In portrait, the short side determines the canvas.
    try live.prepare(width: Self.height, height: Self.width)
    #expect(live.settings.canvas.map { [$0.width, $0.height] } == [68, 104])
  }

  /// A machine that does not keep up paints larger strokes, and says so.
  @Test func aSlowMachinePaintsLargerStrokes() throws {
    let live = StyleMixer(try canvasStyle(), pool: pool) { paint in
      try paint()
      usleep(100_000)
    }
    let source = GreyFrames(count: 60, width: Self.width, height: Self.height)
    let sizes = Mutex<Set<[Int]>>([])
    let sink = FrameObserver { painted, _, _ in _ = sizes.withLock { $0.insert([painted.width, painted.height]) } }
    let run = Stylization(source: source, style: live, sink: sink, options: .init(frames: .newest))
    try run.run()
    #expect(live.settings.strokes == .medium && live.settings.paintedStrokes == .size(.large))
    #expect(live.settings.canvas.map { min($0.width, $0.height) } == 68, "69 lines, in multiples of four")
    #expect(run.reduction == .strokes(painted: .size(.large), chosen: .medium))
    #expect(run.reduction?.description.contains("the strokes are larger: large instead of medium") == true)
    #expect(sizes.withLock { $0 } == [[Self.width, Self.height]])
    // Without a reason, nothing is said.
    let other = Stylization(
      source: source, style: live, sink: sink, options: .init(frames: .newest, adaptsWorkSize: false))
    #expect(other.reduction == nil)
  }

  @Test func theCommandSetsTheStrokes() throws {
    let live = try live(canvasStyle())
    let command = try #require(try StyleCommand("strokes large"))
    try live.perform(command, fade: .zero) { throw TestError(place: $0) }
    #expect(live.settings.strokes == .size(.large))
  }

  /// Every frame is painted or counted as dropped before, during and after the change.
  @Test func noFrameIsLostDuringAChange() throws {
    let live = StyleMixer(try canvasStyle(), pool: pool)
    let source = GreyFrames(count: 40, width: 160, height: 240)
    let seen = Mutex<[Int64]>([])
    let sink = FrameObserver { painted, _, _ in
      let count = seen.withLock { seen in
        seen.append(painted.pts ?? -1)
        return seen.count
      }
      #expect(painted.width == 160 && painted.height == 240)
      if count == 2 { try live.setStrokes(.size(.large), fade: .milliseconds(50)) }
      if count == 4 { try live.setStrokes(.lines(120)) }
    }
    let run = Stylization(
      source: source, style: live, sink: sink, options: .init(frames: .newest, adaptsWorkSize: false))
    try run.run()
    let numbers = run.statistics
    #expect(numbers.framesIn == 40 && numbers.framesOut + numbers.framesDropped == 40 && numbers.framesOut >= 5)
    #expect(numbers.workSizeChanges == 0 && numbers.canvasWidth == 120 && numbers.canvasHeight == 180)
    let times = seen.withLock { $0 }
    #expect(times.count == numbers.framesOut && times == times.sorted() && times.last == 39)
  }
}

/// Grey frames at 50 per second.
private final class GreyFrames: FrameSource {
  let description: VideoDescription
  private let count: Int
  private let position = Atomic<Int>(0)

  init(count: Int, width: Int, height: Int) {
    description = VideoDescription(
      format: VideoFormat(width: width, height: height, pixelFormat: .rgb24), timeBase: Rational(1, 1000))
    self.count = count
  }

  func read(into target: Frame) throws -> Bool {
    let number = position.wrappingAdd(1, ordering: .relaxed).oldValue
    guard number < count else { return false }
    usleep(20_000)
    let frame = try Frame(description.format)
    frame.plane(0)?.update(repeating: UInt8(truncatingIfNeeded: 50 + number), count: frame.stride(0) * frame.height)
    try target.reference(frame)
    target.pts = Int64(number)
    return true
  }
}
