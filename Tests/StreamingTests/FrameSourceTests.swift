import FFmpeg
import Foundation
import Streaming
import Synchronization
import TestSupport
import Testing

/// Tests a custom source, from opening it by name to its last frame, with both policies.
@Suite struct FrameSourceTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Thirty grey frames, opened as `grey://WIDTH`. Implements all optional requirements of a source.
  private final class GreySource: NamedFrameSource {
    static func canOpen(_ source: MediaSource) -> Bool { source.scheme == "grey" }

    let description: VideoDescription
    let isLive: Bool
    private let track = AudioTrack()
    private let number = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)

    init(
      _ source: MediaSource, live: LiveReading?, threads: Int, interrupt: @escaping @Sendable () -> Bool
    ) throws {
      guard let width = Int(source.name.dropFirst("grey://".count)) else { throw TestError(place: source.name) }
      description = VideoDescription(
        format: VideoFormat(width: width, height: 16, pixelFormat: .rgb24), timeBase: Rational(1, 25),
        frameRate: Rational(25, 1), expectedFrameCount: 30)
      isLive = live != nil
    }

    func read(into target: Frame) throws -> Bool {
      let number = number.wrappingAdd(1, ordering: .relaxed).oldValue
      guard number < 30, !stopped.load(ordering: .acquiring) else { return false }
      let frame = try Frame(description.format)
      frame.plane(0)?.update(repeating: UInt8(50 + number), count: frame.stride(0) * frame.height)
      try target.reference(frame)
      // Timestamps do not start at zero.
      target.pts = Int64(1000 + number)
      target.duration = 1
      return true
    }

    func stop() { stopped.store(true, ordering: .releasing) }
    func openAudio() -> AudioTrack? { track }
    var failure: (any Error)? { TestError(place: "cable") }
    var reconnectCount: Int { 3 }
    var warnings: [String] { ["the cable is loose"] }
  }

  private func open(_ name: String, live: LiveReading? = nil) throws -> any FrameSource {
    try FrameSources.open(MediaSource(name), live: live, among: [GreySource.self] + FrameSources.all)
  }

  @Test func namesSelectTheSourceType() throws {
    let source = try open("grey://24", live: LiveReading())
    #expect((source as? GreySource)?.isLive == true && source.description.displaySize == (24, 16))
    #expect(throws: TestError(place: "grey://wide")) { try open("grey://wide") }
    #expect(throws: MediaError.self) { try open(folder.file("missing.mp4")) }
  }

  /// All properties of the source reach the result, although it has no packets to copy.
  @Test func aCustomSourceIsWrittenToAFile() throws {
    let path = folder.file("out.mkv")
    let result = try VideoStylization(open("grey://24")).run(output: MediaTarget(path), style: invertingStyle())
    #expect(result.failure as? TestError == TestError(place: "cable") && result.warnings == ["the cable is loose"])
    #expect(result.statistics.framesWritten == 30 && result.statistics.reconnects == 3)
    let written = try open(path)
    #expect(written.description.displaySize == (24, 16) && written.packets?.demuxer.streams.count == 1)
    #expect(written.openAudio() == nil && written.failure == nil && written.reconnectCount == 0)
    let threads = ThreadGroup()
    written.start(on: threads)
    let frame = try Frame()
    var count = 0
    while try written.read(into: frame) { count += 1 }
    written.stop()
    try threads.wait()
    #expect(count == 30)
  }

  /// A source that is painted slowly: either all frames wait, or old ones are dropped. Frames stay in order, each with
  /// its own image.
  @Test(arguments: [FramePolicy.every, .newest], [1, 3])
  func bothPoliciesKeepTheOrder(policy: FramePolicy, parallel: Int) throws {
    let source = try open("grey://24")
    let seen = Mutex<[(time: Int64, value: Int)]>([])
    let sink = FrameObserver(format: source.description.format) { frame, original, _ in
      let value = Int(try #require(frame.plane(0))[0])
      let time = try #require(frame.pts)
      #expect(original.pts == time)
      seen.withLock { $0.append((time, value)) }
    }
    let calls = Atomic<Int>(0)
    let style = watchingStyle(parallel: parallel) { _, _ in
      // Every other frame is slower, so that later frames finish first.
      usleep(calls.wrappingAdd(1, ordering: .relaxed).oldValue % 2 == 0 ? 9000 : 3000)
    }
    let numbers = try Stylization(
      source: source, style: style, sink: sink, options: .init(frames: policy, adaptsWorkSize: false)
    ).run()
    let found = seen.withLock { $0 }
    let times = found.map(\.time)
    #expect(sink.isFinished && numbers.framesIn == 30 && numbers.framesOut == found.count)
    #expect(numbers.framesOut + numbers.framesDropped == 30 && numbers.framesWritten == numbers.framesOut)
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 } && times.last == 1029)
    #expect(found.allSatisfy { $0.value == 50 + Int($0.time - 1000) })
    switch policy {
    case .every: #expect(times == (1000..<1030).map { Int64($0) })
    // Nothing delays the source, so it ends long before the first frames are painted.
    case .newest: #expect(numbers.framesDropped > 0)
    }
  }
}
