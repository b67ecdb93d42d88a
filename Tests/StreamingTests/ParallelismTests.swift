import FFmpeg
import Foundation
import Inference
import Networks
import Streaming
import Synchronization
import TestSupport
import Testing
import Threading

@Suite struct ParallelismTests {
  private static let format = VideoFormat(width: 21, height: 13, pixelFormat: .rgb24)

  /// Returns the bytes of all painted frames. The frames are wide enough for the gradient's moving edge; without it,
  /// the network's normalisation would make all frames identical.
  private func paint(_ style: StyleMixer, height: Int = 13) throws -> [[UInt8]] {
    let source = try SyntheticSource(width: 261, height: height, count: 9)
    let frames = Mutex<[[UInt8]]>([])
    let sink = FrameObserver(format: source.description.format) { frame, _, _ in
      let plane = try #require(frame.plane(0))
      let bytes = (0..<height).flatMap { y in (0..<783).map { plane[y * frame.stride(0) + $0] } }
      frames.withLock { $0.append(bytes) }
    }
    try Stylization(source: source, style: style, sink: sink).run()
    return frames.withLock { $0 }
  }

  @Test func parallelismDoesNotChangeTheFrames() throws {
    let model = try preparedRandomModel(seed: 3)
    func style(_ parallelism: Parallelism, threads: Int) -> StyleMixer {
      StyleMixer(NamedStyle("random", model: model), parallelism: parallelism, threads: threads)
    }
    let expected = try paint(style(.latency, threads: 1))
    #expect(expected.count == 9 && Set(expected).count == 9)
    for parallelism in [Parallelism.latency, .throughput(), .throughput(frames: 2), .throughput(frames: 5)] {
      let style = style(parallelism, threads: 3)
      #expect(try paint(style) == expected, "\(parallelism)")
      let count = [Parallelism.latency: 1, .throughput(): 3, .throughput(frames: 2): 2][parallelism, default: 5]
      #expect(style.parallelFrames == count)
    }
  }

  @Test func parallelFramesHaveTheSameCanvas() throws {
    let model = try preparedRandomModel(seed: 3, network: canvasNetwork)
    func frames(_ parallelism: Parallelism, _ strokes: Strokes) throws -> [[UInt8]] {
      let style = NamedStyle("canvas", model: model)
      return try paint(
        StyleMixer(style, parallelism: parallelism, threads: 2, strokes: strokes), height: 200)
    }
    let large = try frames(.latency, .lines(69))
    for parallelism in [Parallelism.throughput(), .throughput(frames: 3)] {
      #expect(try frames(parallelism, .lines(69)) == large, "\(parallelism)")
    }
    #expect(try frames(.latency, .medium) == frames(.throughput(), .lines(96)))
    #expect(try frames(.latency, .medium) != large)
    #expect(throws: InferenceError.unsupportedCanvas(lines: 5)) { try frames(.throughput(), .lines(5)) }
  }

  @Test func parallelFramesStayInOrder() throws {
    let source = try SyntheticSource(width: 21, height: 13, count: 60)
    let times = Mutex<[Int64]>([])
    let sink = FrameObserver(format: Self.format) { frame, _, _ in
      let time = try #require(frame.pts)
      times.withLock { $0.append(time) }
    }
    let now = Atomic<Int>(0)
    let maximum = Atomic<Int>(0)
    let style = testStyle(parallel: 3) { width, height, index in
      WatchingStylizer(width: width, height: height) { _, _ in
        maximum.max(now.wrappingAdd(1, ordering: .relaxed).newValue, ordering: .relaxed)
        // One stylizer is slower than the others, so that they overtake it.
        usleep(index == 0 ? 3000 : 500)
        now.wrappingSubtract(1, ordering: .relaxed)
      }
    }
    let numbers = try Stylization(source: source, style: style, sink: sink).run()
    #expect(numbers.framesWritten == 60)
    #expect(times.withLock { $0 } == Array(0..<60))
    #expect((2...3).contains(maximum.load(ordering: .relaxed)))
  }

  /// Whatever is in the pipeline at a stop, the frames written have no gap.
  @Test func aStopKeepsTheFirstFrames() throws {
    for limit in 1..<20 {
      let source = try SyntheticSource(width: 21, height: 13, count: 100_000)
      let times = Mutex<[Int64]>([])
      let sink = FrameObserver(format: Self.format) { frame, _, _ in
        let time = try #require(frame.pts)
        times.withLock { $0.append(time) }
      }
      let calls = Atomic<Int>(0)
      let style = testStyle(parallel: 4) { width, height, index in
        WatchingStylizer(width: width, height: height) { _, _ in
          calls.wrappingAdd(1, ordering: .relaxed)
          usleep(UInt32(100 * index))
        }
      }
      let numbers = try Stylization(source: source, style: style, sink: sink).run(
        shouldStop: { calls.load(ordering: .relaxed) >= limit })
      #expect(numbers.wasStopped && sink.isFinished)
      #expect(times.withLock { $0 } == (0..<numbers.framesWritten).map { Int64($0) })
    }
  }

  @Test func anErrorInOneThreadEndsAll() throws {
    let source = try SyntheticSource(width: 21, height: 13, count: 100_000)
    let sink = FrameObserver(format: Self.format)
    let calls = Atomic<Int>(0)
    let style = watchingStyle(parallel: 3) { _, _ in
      if calls.wrappingAdd(1, ordering: .relaxed).newValue == 10 { throw TestError(place: "stylizer") }
    }
    #expect(throws: TestError(place: "stylizer")) {
      try Stylization(source: source, style: style, sink: sink).run()
    }
    #expect(!sink.isFinished)
  }
}
