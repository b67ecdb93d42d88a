import FFmpeg
import Foundation
import Inference
import Streaming
import Synchronization
import TestSupport
import Testing
import Threading

@Suite struct ParallelismTests {
  private static let format = VideoFormat(width: 21, height: 13, pixelFormat: .rgb24)

  /// The bytes of all frames, painted as told. They are wide enough for the gradient's edge, which moves; without it, the
  /// network's normalisation would make them all alike.
  private func paint(_ stylizers: [any FrameStylizer], height: Int = 13) throws -> [[UInt8]] {
    let source = try SyntheticSource(width: 261, height: height, count: 9)
    let frames = Mutex<[[UInt8]]>([])
    let sink = FrameObserver(format: source.description.format) { frame in
      let plane = try #require(frame.plane(0))
      let bytes = (0..<height).flatMap { y in (0..<783).map { plane[y * frame.stride(0) + $0] } }
      frames.withLock { $0.append(bytes) }
    }
    _ = try StylizationPipeline(source: source, sink: sink, stylizers: stylizers).run()
    return frames.withLock { $0 }
  }

  @Test func framesAreTheSameHoweverTheyAreShared() throws {
    let model = try preparedRandomModel(seed: 3)
    func stylizers(_ parallelism: Parallelism, threads: Int) throws -> [any FrameStylizer] {
      try parallelism.makeStylizers(model: model, width: 261, height: 13, threads: threads)
    }
    let expected = try paint(try stylizers(.latency, threads: 1))
    #expect(expected.count == 9 && Set(expected).count == 9)
    for parallelism in [Parallelism.latency, .throughput(), .throughput(frames: 2), .throughput(frames: 5)] {
      let group = try stylizers(parallelism, threads: 3)
      #expect(
        group.count == [Parallelism.latency: 1, .throughput(): 3, .throughput(frames: 2): 2][parallelism, default: 5])
      #expect(try paint(group) == expected, "\(parallelism)")
    }
  }

  @Test func allPaintOnTheSameCanvas() throws {
    let model = try preparedRandomModel(seed: 3, network: canvasNetwork)
    func frames(_ parallelism: Parallelism, lines: Int?) throws -> [[UInt8]] {
      try paint(
        try parallelism.makeStylizers(model: model, width: 261, height: 200, threads: 2, canvasLines: lines),
        height: 200)
    }
    let large = try frames(.latency, lines: 69)
    for parallelism in [Parallelism.throughput(), .throughput(frames: 3)] {
      #expect(try frames(parallelism, lines: 69) == large, "\(parallelism)")
    }
    #expect(try frames(.latency, lines: nil) == frames(.throughput(), lines: 96))
    #expect(try frames(.latency, lines: nil) != large)
    #expect(throws: InferenceError.unsupportedCanvas(lines: 5)) { try frames(.throughput(), lines: 5) }
  }

  @Test func framesPaintedAtOnceStayInOrder() throws {
    let source = try SyntheticSource(width: 21, height: 13, count: 60)
    let times = Mutex<[Int64]>([])
    let sink = FrameObserver(format: Self.format) { frame in
      let time = try #require(frame.pts)
      times.withLock { $0.append(time) }
    }
    let now = Atomic<Int>(0)
    let most = Atomic<Int>(0)
    let stylizers = (0..<3).map { index in
      WatchingStylizer(width: 21, height: 13) { _, _ in
        most.max(now.wrappingAdd(1, ordering: .relaxed).newValue, ordering: .relaxed)
        // One is slower than the others, so that they overtake it.
        usleep(index == 0 ? 3000 : 500)
        now.wrappingSubtract(1, ordering: .relaxed)
      }
    }
    let summary = try StylizationPipeline(source: source, sink: sink, stylizers: stylizers).run()
    #expect(summary.frames == 60)
    #expect(times.withLock { $0 } == Array(0..<60))
    #expect((2...3).contains(most.load(ordering: .relaxed)))
  }

  /// Whatever is under way at a stop, what is written has no gap.
  @Test func aStopLeavesTheFirstFrames() throws {
    for limit in 1..<20 {
      let source = try SyntheticSource(width: 21, height: 13, count: 100_000)
      let times = Mutex<[Int64]>([])
      let sink = FrameObserver(format: Self.format) { frame in
        let time = try #require(frame.pts)
        times.withLock { $0.append(time) }
      }
      let calls = Atomic<Int>(0)
      let stylizers = (0..<4).map { index in
        WatchingStylizer(width: 21, height: 13) { _, _ in
          calls.wrappingAdd(1, ordering: .relaxed)
          usleep(UInt32(100 * index))
        }
      }
      let summary = try StylizationPipeline(source: source, sink: sink, stylizers: stylizers).run(
        shouldStop: { calls.load(ordering: .relaxed) >= limit })
      #expect(summary.wasStopped && sink.isFinished)
      #expect(times.withLock { $0 } == (0..<summary.frames).map { Int64($0) })
    }
  }

  @Test func anErrorOfOneEndsAll() throws {
    let source = try SyntheticSource(width: 21, height: 13, count: 100_000)
    let sink = FrameObserver(format: Self.format)
    let calls = Atomic<Int>(0)
    let stylizers = (0..<3).map { _ in
      WatchingStylizer(width: 21, height: 13) { _, _ in
        if calls.wrappingAdd(1, ordering: .relaxed).newValue == 10 { throw TestError(place: "stylizer") }
      }
    }
    #expect(throws: TestError(place: "stylizer")) {
      try StylizationPipeline(source: source, sink: sink, stylizers: stylizers).run()
    }
    #expect(!sink.isFinished)
  }
}
