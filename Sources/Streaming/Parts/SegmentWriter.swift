import FFmpeg
import Synchronization
import Threading

/// Encodes the frames of segments, each with an encoder of its own, into a folder. So the bytes of a segment do not
/// depend on which others a process paints.
final class SegmentWriter: FrameSink {
  let orientation: Orientation
  let keepsFields: Bool
  private let format: VideoFormat
  private let folder: FilmFolder
  private let plan: SegmentPlan
  private let identity: String
  /// The segments to write, in order.
  private let wanted: [Int]
  private let isWanted: Set<Int>
  /// Whether decoding began with a keyframe instead of the film, so that each segment must have the frames of the plan.
  private let isExact: Bool
  /// Throws if the film has changed.
  private let checkFilm: @Sendable () throws -> Void
  /// The number of frames that have been read.
  private let readCount = Atomic<Int>(0)
  private let state: Mutex<State>
  private let delivered = Mutex<(@Sendable (ContinuousClock.Instant) -> Void)?>(nil)

  private struct State: @unchecked Sendable {
    let encoding: VideoEncoding
    /// The number of frames that were written or skipped.
    var number = 0
    /// The place in `wanted` of the segment that is open or comes next.
    var place = 0
    /// The file of the open segment; nil before its first frame.
    var file: SegmentFileWriter?
    /// The number of frames in the open segment.
    var frames = 0
    /// The number of frames in finished segments.
    var keptFrameCount = 0
  }

  /// Creates a sink for the segments `wanted`, which are in order and at least one.
  init(
    _ folder: FilmFolder, film: Film, wanted: [Int], encoding: VideoEncoding, isExact: Bool,
    checkFilm: @escaping @Sendable () throws -> Void
  ) throws {
    (orientation, keepsFields, format) = (encoding.orientation, encoding.keepsFields, encoding.format)
    (self.folder, plan, identity) = (folder, film.plan, try film.identity())
    (self.wanted, isWanted) = (wanted, Set(wanted))
    (self.isExact, self.checkFilm) = (isExact, checkFilm)
    state = Mutex(State(encoding: encoding))
  }

  /// The number of frames that this run has written.
  var frameCount: Int { state.withLock { $0.keptFrameCount + $0.frames } }
  /// The number of frames that this run has written in whole segments.
  var keptFrameCount: Int { state.withLock { $0.keptFrameCount } }

  func format(for source: VideoDescription) -> VideoFormat { format }

  func start(on threads: ThreadGroup, delivered: @escaping @Sendable (ContinuousClock.Instant) -> Void) {
    self.delivered.withLock { $0 = delivered }
  }

  func use(of source: Frame) -> FrameUse {
    let number = readCount.wrappingAdd(1, ordering: .relaxed).oldValue
    let segment = plan.segment(at: source.pts ?? 0, number: number)
    if let last = wanted.last, segment > last { return .end }
    return isWanted.contains(segment) ? .paint : .skip
  }

  func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant) throws {
    try state.withLock { state in
      let segment = plan.segment(at: source.pts ?? 0, number: state.number)
      state.number += 1
      try seal(until: segment, &state)
      guard state.place < wanted.count, wanted[state.place] == segment else { throw InexactDecoding() }
      let file = try state.file ?? SegmentFileWriter(path: folder.packetPath(segment))
      state.file = file
      try state.encoding.write(frame, source: source, arrival: arrival) { packet, _ in try file.append(packet) }
      state.frames += 1
      // The next frame need not come first.
      if isExact, state.frames == plan.segments[segment].frames { try seal(until: segment + 1, &state) }
    }
    delivered.withLock { $0 }?(arrival)
  }

  func skip(source: Frame) throws {
    try state.withLock { state in
      let segment = plan.segment(at: source.pts ?? 0, number: state.number)
      state.number += 1
      try seal(until: segment, &state)
      state.encoding.skip(source: source)
    }
  }

  /// Does nothing: a run that was stopped finishes, too, with a part of a segment.
  func finish() throws {}

  /// Finishes the last segment. Call it if all frames have been read.
  func complete() throws { try state.withLock { try seal(until: .max, &$0) } }

  /// Finishes the segments before `end`.
  private func seal(until end: Int, _ state: inout State) throws {
    while state.place < wanted.count, case let segment = wanted[state.place], segment < end {
      guard !isExact || state.frames == plan.segments[segment].frames else { throw InexactDecoding() }
      // A segment of a damaged film may have no frame.
      let file = try state.file ?? SegmentFileWriter(path: folder.packetPath(segment))
      try state.encoding.flush { packet, _ in try file.append(packet) }
      try checkFilm()
      try folder.store(file.commit(segment: segment, frames: state.frames, film: identity))
      state.keptFrameCount += state.frames
      (state.frames, state.file) = (0, nil)
      state.place += 1
    }
  }
}
