import FFmpeg
import Kernels
import Streaming
import Synchronization
import Testing

/// Tests ``Stylization`` with the policy `every`.
@Suite struct EveryFrameTests {
  private static let format = VideoFormat(width: 21, height: 13, pixelFormat: .rgb24)

  @Test(arguments: [1, 2, 5])
  func everyFrameIsPaintedOnceAndInOrder(slots: Int) throws {
    let source = try SyntheticSource(width: 21, height: 13, count: 40)
    let times = Mutex<[Int64]>([])
    let wrong = Atomic<Int>(0)
    let sink = FrameObserver(format: Self.format) { frame, _, _ in
      let number = Int(try #require(frame.pts))
      times.withLock { $0.append(Int64(number)) }
      let plane = try #require(frame.plane(0))
      for y in 0..<13 {
        for x in 0..<21 {
          let expected = [x + number, y + number, number].map { 255 - UInt8(truncatingIfNeeded: $0) }
          let found = (0..<3).map { plane[y * frame.stride(0) + 3 * x + $0] }
          if found != expected { wrong.add(1, ordering: .relaxed) }
        }
      }
    }
    let progress = Atomic<Int>(0)
    let run = Stylization(source: source, style: invertingStyle(), sink: sink, options: .init(slots: slots))
    let numbers = try run.run(progress: { progress.store($0, ordering: .relaxed) })
    #expect(times.withLock { $0 } == Array(0..<40))
    #expect(wrong.load(ordering: .relaxed) == 0)
    #expect(numbers.framesWritten == 40 && progress.load(ordering: .relaxed) == 40)
    #expect(numbers.framesIn == 40 && numbers.framesOut == 40 && numbers.framesDropped == 0)
    #expect(!numbers.wasStopped && sink.isFinished)
    #expect(numbers.paintP50MsOverall > 0 && numbers.paintP95MsOverall >= numbers.paintP50MsOverall)
  }

  @Test func theWorkSizeDoesNotAffectTheSinksSize() throws {
    let source = try SyntheticSource(width: 21, height: 13, count: 3)
    let sizes = Mutex<Set<[Int]>>([])
    let sink = FrameObserver(format: Self.format) { frame, _, _ in
      sizes.withLock { _ = $0.insert([frame.width, frame.height]) }
    }
    let numbers = try Stylization(
      source: source, style: invertingStyle(), sink: sink, options: .init(workSize: (8, 30))
    ).run()
    #expect(numbers.framesWritten == 3 && numbers.workWidth == 8 && numbers.workHeight == 30)
    #expect(sizes.withLock { $0 } == [[21, 13]])
  }

  /// The number of frames in the pipeline never exceeds the number of slots, however long the video is.
  @Test func thePipelineIsBounded() throws {
    let inner = try SyntheticSource(width: 16, height: 16, count: 300)
    let source = CountingSource(inner)
    let maximum = Atomic<Int>(0)
    let written = Atomic<Int>(0)
    let sink = FrameObserver(format: VideoFormat(width: 16, height: 16, pixelFormat: .rgb24)) { _, _, _ in
      let done = written.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue
      maximum.max(source.count - done, ordering: .relaxed)
    }
    try Stylization(source: source, style: watchingStyle(), sink: sink, options: .init(slots: 4)).run()
    #expect(written.load(ordering: .relaxed) == 300)
    #expect(maximum.load(ordering: .relaxed) <= 4)
  }

  @Test(arguments: ["source", "stylizer", "sink"])
  func anErrorInAnyStageEndsTheRun(place: String) throws {
    let inner = try SyntheticSource(width: 16, height: 16, count: 1000)
    let source = CountingSource(inner, failingAt: place == "source" ? 7 : nil)
    let frames = Atomic<Int>(0)
    let sink = FrameObserver(format: inner.description.format) { _, _, _ in
      let count = frames.wrappingAdd(1, ordering: .relaxed).newValue
      if place == "sink", count == 7 { throw TestError(place: "sink") }
    }
    let calls = Atomic<Int>(0)
    let style = watchingStyle { _, _ in
      let count = calls.wrappingAdd(1, ordering: .relaxed).newValue
      if place == "stylizer", count == 7 { throw TestError(place: "stylizer") }
    }
    let run = Stylization(source: source, style: style, sink: sink)
    #expect(throws: TestError(place: place)) { try run.run() }
    #expect(!sink.isFinished)
    #expect(source.count < 1000)
  }

  /// The gradient changes by one level per frame, so it counts as still except where it wraps around.
  @Test(arguments: [1, 3])
  func stylizersGetFramesDenoisedInOrder(stylizers count: Int) throws {
    let (width, height, frames) = (21, 13, 40)
    let source = try SyntheticSource(width: width, height: height, count: frames)
    let denoiser = TemporalDenoiser(width: width, height: height)
    let frame = try Frame()
    var expected: [[UInt8]] = []
    var changed = 0
    while try source.read(into: frame) {
      let (plane, stride) = (try #require(frame.plane(0)), frame.stride(0))
      var bytes = (0..<height).flatMap { y in (0..<3 * width).map { plane[y * stride + $0] } }
      let before = bytes
      bytes.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { denoiser.apply(base, stride: 3 * width) } }
      if bytes != before { changed += 1 }
      expected.append(bytes)
    }
    #expect(changed > frames / 2)
    let seen = Mutex<[[UInt8]]>([])
    let sink = FrameObserver(format: source.description.format) { frame, _, _ in
      let (plane, stride) = (try #require(frame.plane(0)), frame.stride(0))
      let bytes = (0..<height).flatMap { y in (0..<3 * width).map { 255 - plane[y * stride + $0] } }
      seen.withLock { $0.append(bytes) }
    }
    try Stylization(
      source: SyntheticSource(width: width, height: height, count: frames), style: invertingStyle(parallel: count),
      sink: sink, options: .init(denoises: true)
    ).run()
    #expect(seen.withLock { $0 } == expected)
  }

  @Test func aStopKeepsCompleteFrames() throws {
    let source = CountingSource(try SyntheticSource(width: 16, height: 16, count: 100_000))
    let sink = FrameObserver(format: source.description.format)
    let done = Atomic<Int>(0)
    let numbers = try Stylization(source: source, style: watchingStyle(), sink: sink).run(
      shouldStop: { done.load(ordering: .relaxed) >= 10 }, progress: { done.store($0, ordering: .relaxed) })
    #expect(numbers.wasStopped && sink.isFinished)
    #expect(numbers.framesWritten >= 10 && numbers.framesWritten <= source.count)
    #expect(source.count < 100_000)
  }

  @Test func aStopBeforeTheStartWritesNothing() throws {
    let source = try SyntheticSource(width: 16, height: 16, count: 10)
    let sink = FrameObserver(format: source.description.format)
    let numbers = try Stylization(source: source, style: watchingStyle(), sink: sink).run(shouldStop: { true })
    #expect(numbers.framesWritten == 0 && numbers.wasStopped && sink.isFinished)
  }

  @Test func blendsWithTheSource() throws {
    func result(_ blend: FrameBlend, workWidth: Int = 16) throws -> [UInt8] {
      let source = try SyntheticSource(width: 16, height: 16, count: 1)
      let bytes = Mutex<[UInt8]>([])
      let sink = FrameObserver(format: source.description.format) { frame, _, _ in
        let plane = try #require(frame.plane(0))
        let row = 5 * frame.stride(0)
        bytes.withLock { $0 = (0..<48).map { plane[row + $0] } }
      }
      try Stylization(
        source: source, style: invertingStyle(blend: blend), sink: sink, options: .init(workSize: (workWidth, 16))
      ).run()
      return bytes.withLock { $0 }
    }
    let source: [UInt8] = (0..<16).flatMap { [UInt8($0), 5, 0] }
    #expect(try result(FrameBlend(strength: 0)) == source)
    #expect(try result(FrameBlend(strength: 0), workWidth: 9) == source)
    #expect(try result(FrameBlend(strength: 1)) == source.map { 255 - $0 })
    // The mean of v and 255 - v is 127.5, rounded either way.
    #expect(try result(FrameBlend(strength: 0.5)).allSatisfy { (127...128).contains($0) })
    // The brightness of 255 - v with the channel differences of v: all channels shift by the same amount.
    let coloured = try result(FrameBlend(preservesColors: true))
    for x in 0..<16 {
      let (before, after) = (source[3 * x..<3 * x + 3].map(Int.init), coloured[3 * x..<3 * x + 3].map(Int.init))
      let shift = after[2] - before[2]
      #expect(shift > 220)
      #expect((0..<3).allSatisfy { after[$0] == min(255, before[$0] + shift) })
    }
  }
}

/// Counts the frames read from another source, and optionally fails at one of them.
private final class CountingSource: FrameSource {
  private let inner: any FrameSource
  private let failure: Int?
  private let read = Atomic<Int>(0)

  init(_ inner: any FrameSource, failingAt failure: Int? = nil) {
    self.inner = inner
    self.failure = failure
  }

  var description: VideoDescription { inner.description }
  var count: Int { read.load(ordering: .sequentiallyConsistent) }

  func read(into frame: Frame) throws -> Bool {
    guard try inner.read(into: frame) else { return false }
    let count = read.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
    if count == failure { throw TestError(place: "source") }
    return true
  }
}
