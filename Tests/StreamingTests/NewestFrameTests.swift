import FFmpeg
import Foundation
import Streaming
import Synchronization
import TestSupport
import Testing
import Threading

/// Tests ``Stylization`` with the policy `newest`.
@Suite struct NewestFrameTests {
  private let pool = ComputePool(threads: 1)

  /// Returns a style that takes at least `milliseconds` per frame.
  private func style(milliseconds: UInt32 = 0) throws -> StyleMixer {
    StyleMixer(
      NamedStyle("random", model: try preparedRandomModel(seed: 1)), pool: pool,
      turn: { paint in
        try paint()
        usleep(1000 * milliseconds)
      })
  }

  private struct Seen: Equatable {
    var pts: Int64
    var source: Int64
    var size: [Int]
  }

  /// Returns an observer and the list of frames that it receives.
  private func observer() -> (FrameObserver, SeenList) {
    let seen = SeenList()
    let sink = FrameObserver { painted, source, _ in
      let item = Seen(
        pts: try #require(painted.pts), source: try #require(source.pts), size: [painted.width, painted.height])
      seen.items.withLock { $0.append(item) }
    }
    return (sink, seen)
  }

  private final class SeenList: Sendable {
    let items = Mutex<[Seen]>([])
    var all: [Seen] { items.withLock { $0 } }
  }

  @Test func noFrameOfASlowSourceIsLost() throws {
    let source = LiveFrames(count: 12, interval: 30_000) { _ in (64, 48) }
    let (sink, seen) = observer()
    let run = Stylization(
      source: source, style: try style(), sink: sink,
      options: .init(frames: .newest, workSize: (16, 12), adaptsWorkSize: false))
    try run.run()
    #expect(sink.isFinished && run.statistics.framesIn == 12)
    // A busy machine may still drop frames, but each dropped frame is counted.
    #expect(run.statistics.framesOut + run.statistics.framesDropped == 12 && run.statistics.framesOut >= 6)
    #expect(seen.all.allSatisfy { $0.pts == $0.source && $0.size == [64, 48] })
    #expect(run.statistics.latencyP95Ms >= run.statistics.latencyP50Ms && run.statistics.latencyP50Ms > 0)
    #expect(run.statistics.workWidth == 16 && run.statistics.workHeight == 12)
  }

  @Test func theNewestFrameWins() throws {
    let source = LiveFrames(count: 400, interval: 1000) { _ in (32, 24) }
    let (sink, seen) = observer()
    let run = Stylization(
      source: source, style: try style(milliseconds: 20), sink: sink,
      options: .init(frames: .newest, adaptsWorkSize: false))
    try run.run()
    let numbers = run.statistics
    #expect(numbers.framesIn == 400 && numbers.framesOut + numbers.framesDropped == 400)
    #expect(numbers.framesDropped > 200)
    let times = seen.all.map(\.pts)
    #expect(times == times.sorted() && Set(times).count == times.count && times.last == 399)
    // Each frame is among the newest when its painting starts, so frames are skipped in between.
    #expect(zip(times, times.dropFirst()).dropFirst(3).dropLast(3).allSatisfy { $1 - $0 > 1 })
    #expect(source.maximumUnderWay <= 10)
  }

  @Test func aStopEndsAWaitingSource() throws {
    let source = LiveFrames(count: .max, interval: 5000, silentAfter: 10) { _ in (32, 24) }
    let (sink, seen) = observer()
    let run = Stylization(source: source, style: try style(), sink: sink, options: .init(frames: .newest))
    let started = ContinuousClock.now
    Thread.detachNewThread {
      while seen.all.isEmpty { usleep(1000) }
      run.stop()
    }
    try run.run()
    #expect(sink.isFinished && !seen.all.isEmpty && run.statistics.framesIn <= 10)
    // Without the stop, the run would never end. The limit of a minute is for a very busy machine.
    #expect(started.duration(to: .now) < .seconds(60))
  }

  @Test func shouldStopEndsTheRun() throws {
    let source = LiveFrames(count: .max, interval: 5000) { _ in (32, 24) }
    let (sink, seen) = observer()
    let run = Stylization(source: source, style: try style(), sink: sink, options: .init(frames: .newest))
    try run.run(shouldStop: { seen.all.count > 3 })
    #expect(sink.isFinished && seen.all.count > 3)
  }

  @Test(arguments: ["source", "sink", "turn"])
  func anErrorEndsTheRun(place: String) throws {
    let source = LiveFrames(count: .max, interval: 2000, failingAfter: place == "source" ? 5 : nil) { _ in (32, 24) }
    let count = Atomic<Int>(0)
    let sink = FrameObserver { _, _, _ in
      if place == "sink", count.wrappingAdd(1, ordering: .relaxed).newValue == 3 { throw TestError(place: "sink") }
    }
    let style = StyleMixer(NamedStyle("random", model: try preparedRandomModel(seed: 1)), pool: pool) { paint in
      try paint()
      if place == "turn" { throw TestError(place: "turn") }
    }
    let run = Stylization(source: source, style: style, sink: sink, options: .init(frames: .newest))
    #expect(throws: TestError(place: place)) { try run.run() }
    #expect(!sink.isFinished)
  }

  @Test func theSourceCanChangeItsSize() throws {
    let source = LiveFrames(count: 60, interval: 10_000) { $0 < 30 ? (64, 48) : (40, 80) }
    let (sink, seen) = observer()
    let run = Stylization(source: source, style: try style(), sink: sink, options: .init(frames: .newest))
    try run.run()
    let sizes = seen.all.map { ($0.pts, $0.size) }
    #expect(sizes.allSatisfy { $0.1 == ($0.0 < 30 ? [64, 48] : [40, 80]) })
    #expect(Set(sizes.map(\.1)).count == 2)
    #expect(run.statistics.workWidth == 40 && run.statistics.workHeight == 80)
  }

  /// A style change applies soon after its time, and not before. Frame 50 has the time 0.05 s and arrives after 0.5 s.
  @Test func aScriptChangesTheStyle() throws {
    let source = LiveFrames(count: 200, interval: 10_000) { _ in (32, 24) }
    let inverting = NamedStyle(
      "inverting", model: TestFactory { width, height, _ in InvertingStylizer(width: width, height: height) })
    let plain = NamedStyle(
      "plain", model: TestFactory { width, height, _ in WatchingStylizer(width: width, height: height) })
    let cue = StyleScript.Cue(time: 0.05, command: .style("plain"))
    let script = try StyleScript([cue], styles: [(inverting, 1)], fade: 0) { _ in plain }
    let seen = Mutex<[(number: Int, value: UInt8)]>([])
    let sink = FrameObserver(format: source.description.format) { frame, _, _ in
      let (number, value) = (Int(try #require(frame.pts)), try #require(frame.plane(0))[0])
      seen.withLock { $0.append((number, value)) }
    }
    let style = StyleMixer(inverting, pool: pool)
    try Stylization(
      source: source, style: style, sink: sink, options: .init(frames: .newest, adaptsWorkSize: false, script: script)
    ).run()
    let found = seen.withLock { $0 }
    let plainFrames = found.filter { $0.value == UInt8(truncatingIfNeeded: 50 + $0.number) }.map(\.number)
    let others = found.filter { $0.value == 255 - UInt8(truncatingIfNeeded: 50 + $0.number) }.map(\.number)
    #expect(try #require(others.max()) < #require(plainFrames.min()) && plainFrames.allSatisfy { $0 >= 50 })
    #expect(others.count > 0 && plainFrames.last == 199 && style.settings.styles.map(\.name) == ["plain"])
  }

  /// The first frame has a size at which painting is fast enough. The size increases when the load drops.
  @Test func theWorkSizeFollowsTheLoad() throws {
    let source = LiveFrames(count: .max, interval: 20_000) { _ in (256, 192) }
    let (sink, _) = observer()
    let isBusy = Atomic<Bool>(true)
    let style = Mutex<StyleMixer?>(nil)
    let made = StyleMixer(NamedStyle("random", model: try preparedRandomModel(seed: 1)), pool: pool) { paint in
      try paint()
      let width = style.withLock { $0?.width } ?? 256
      // The time of a network whose cost is proportional to its pixels: 50 ms at the full size.
      if isBusy.load(ordering: .relaxed) { usleep(UInt32(50_000 * width * width / (256 * 256))) }
    }
    style.withLock { $0 = made }
    let run = Stylization(source: source, style: made, sink: sink, options: .init(frames: .newest))
    let widths = Mutex<[Int]>([])
    try run.run(
      shouldStop: {
        let (now, minimum) = widths.withLock { ($0.last ?? 256, $0.min() ?? 256) }
        if minimum < 200 { isBusy.store(false, ordering: .relaxed) }
        // Up again by at least one rung. The time limit ends the test on a machine that never gets there.
        return minimum < 200 && now > minimum || run.statistics.seconds > 60
      }, observe: { numbers in widths.withLock { $0.append(numbers.workWidth) } })
    let found = widths.withLock { $0 }
    let minimum = try #require(found.min())
    #expect(minimum < 200 && (found.first ?? 256) < 256 && (found.last ?? 0) > minimum, "\(found)")
    #expect(run.statistics.workSizeChanges >= 1)
  }

  /// A source that is opened again, as a file that loops is, begins at the size that it had.
  @Test func theNextRunKeepsTheSize() throws {
    let style = Mutex<StyleMixer?>(nil)
    let made = StyleMixer(NamedStyle("random", model: try preparedRandomModel(seed: 1)), pool: pool) { paint in
      try paint()
      let width = style.withLock { $0?.width } ?? 256
      usleep(UInt32(100_000 * width * width / (256 * 256)))
    }
    style.withLock { $0 = made }
    let adaptation = WorkSizeAdaptation()
    var ends: [Int] = []
    for _ in 0..<2 {
      let (sink, _) = observer()
      let run = Stylization(
        source: LiveFrames(count: 20, interval: 20_000) { _ in (256, 192) }, style: made, sink: sink,
        options: .init(frames: .newest), adaptation: adaptation)
      let widths = Mutex<[Int]>([])
      try run.run(observe: { numbers in widths.withLock { $0.append(numbers.workWidth) } })
      let found = widths.withLock { $0 }
      #expect(found.allSatisfy { $0 < 256 } && run.reduction != nil, "\(found)")
      #expect(run.reduction?.description.contains("instead of 256×192 pixels") == true)
      if let end = ends.last { #expect(found.first == end) }
      ends.append(try #require(found.last))
    }
  }

  /// A network that takes seconds for a frame gets a smaller size before that frame is complete.
  @Test func aVerySlowStyleIsNoticed() throws {
    let isSlow = Atomic<Bool>(false)
    let style = Mutex<StyleMixer?>(nil)
    let made = StyleMixer(NamedStyle("random", model: try preparedRandomModel(seed: 1)), pool: pool) { paint in
      try paint()
      let isFull = style.withLock { $0?.width } == 256
      while isSlow.load(ordering: .relaxed), isFull, style.withLock({ $0?.width }) == 256 { usleep(1000) }
    }
    style.withLock { $0 = made }
    let (sink, seen) = observer()
    let run = Stylization(
      source: LiveFrames(count: .max, interval: 50_000) { _ in (256, 192) }, style: made, sink: sink,
      options: .init(frames: .newest))
    try run.run(shouldStop: {
      // From here on, a frame of the full size would take forever.
      if seen.all.count == 30 { isSlow.store(true, ordering: .relaxed) }
      return made.width < 256 && seen.all.count > 30 || run.statistics.seconds > 60
    })
    #expect(made.width < 256)
  }

  /// While nobody needs frames, none is painted, and the source goes on or stands still.
  @Test(arguments: [false, true])
  func framesThatNobodyNeedsAreNotPainted(waits: Bool) throws {
    let source = LiveFrames(count: .max, interval: 5000, waitsForReader: waits) { _ in (32, 24) }
    let sink = ChoosySink()
    let run = Stylization(source: source, style: try style(), sink: sink, options: .init(frames: .newest))
    Thread.detachNewThread {
      // Before the first frame is wanted, a live source sends some, and a file none.
      for _ in 0..<6000 where run.statistics.framesIn < (waits ? 0 : 20) { usleep(10_000) }
      if waits { usleep(100_000) }
      sink.early.store(sink.count, ordering: .releasing)
      sink.isWatching.store(true, ordering: .releasing)
    }
    try run.run(shouldStop: { sink.count > 3 })
    let numbers = run.statistics
    #expect(sink.early.load(ordering: .acquiring) == 0 && sink.count > 3)
    #expect(waits ? numbers.framesUnwatched == 0 : numbers.framesUnwatched >= 15)
    #expect(numbers.framesOut + numbers.framesDropped + numbers.framesUnwatched == numbers.framesIn)
  }
}

/// A sink that wants frames only while somebody watches.
private final class ChoosySink: FrameSink {
  let isWatching = Atomic<Bool>(false)
  /// The number of frames before somebody watched.
  let early = Atomic<Int>(-1)
  private let observer = FrameObserver(pixelFormat: .rgb24) { _, _, _ in }
  private let written = Atomic<Int>(0)

  var count: Int { written.load(ordering: .acquiring) }
  var orientation: Orientation { observer.orientation }
  var wantsFrames: Bool { isWatching.load(ordering: .acquiring) }

  func format(for source: VideoDescription) -> VideoFormat { observer.format(for: source) }

  func start(on threads: ThreadGroup, delivered: @escaping @Sendable (ContinuousClock.Instant) -> Void) {
    observer.start(on: threads, delivered: delivered)
  }

  func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant) throws {
    written.wrappingAdd(1, ordering: .acquiringAndReleasing)
    try observer.write(frame, source: source, arrival: arrival)
  }

  func finish() throws { try observer.finish() }
}

/// Grey frames at a fixed rate, as from a camera.
private final class LiveFrames: FrameSource {
  let description: VideoDescription
  private let count: Int
  private let interval: UInt32
  private let silence: Int
  private let failure: Int?
  private let size: @Sendable (Int) -> (Int, Int)
  private let position = Atomic<Int>(0)
  private let isStopped = Atomic<Bool>(false)
  private let underWay = Mutex<(frames: [WeakFrame], maximum: Int)>(([], 0))

  let waitsForReader: Bool

  private struct WeakFrame { weak var frame: Frame? }

  init(
    count: Int, interval: UInt32, silentAfter silence: Int = .max, failingAfter failure: Int? = nil,
    waitsForReader: Bool = false, size: @escaping @Sendable (Int) -> (Int, Int)
  ) {
    let (width, height) = size(0)
    description = VideoDescription(
      format: VideoFormat(width: width, height: height, pixelFormat: .rgb24), timeBase: Rational(1, 1000))
    self.count = count
    self.interval = interval
    self.silence = silence
    self.failure = failure
    self.waitsForReader = waitsForReader
    self.size = size
  }

  /// The maximum number of frame objects filled, which is the number of the pipeline's slots.
  var maximumUnderWay: Int { underWay.withLock { $0.maximum } }

  func read(into target: Frame) throws -> Bool {
    let number = position.wrappingAdd(1, ordering: .relaxed).oldValue
    if number == failure { throw TestError(place: "source") }
    usleep(interval)
    while number >= silence, !isStopped.load(ordering: .acquiring) { usleep(1000) }
    guard number < count, !isStopped.load(ordering: .acquiring) else { return false }
    let (width, height) = size(number)
    let frame = try Frame(VideoFormat(width: width, height: height, pixelFormat: .rgb24))
    frame.plane(0)?.update(repeating: UInt8(truncatingIfNeeded: 50 + number), count: frame.stride(0) * height)
    try target.reference(frame)
    target.pts = Int64(number)
    underWay.withLock { state in
      if !state.frames.contains(where: { $0.frame === target }) { state.frames.append(WeakFrame(frame: target)) }
      state.maximum = state.frames.count
    }
    return true
  }

  func stop() { isStopped.store(true, ordering: .releasing) }
}
