import Hummingbird
import Synchronization

/// The header that a viewer needs before the first segment. For fragmented MP4, it is the initialization segment.
final class StreamHead: Sendable {
  let bytes: ByteBuffer
  /// The media type of the whole stream, for `Content-Type`.
  let mediaType: String

  init(bytes: ByteBuffer, mediaType: String) {
    self.bytes = bytes
    self.mediaType = mediaType
  }
}

/// A part of a stream, usually one frame, which all viewers share.
struct Segment: Sendable {
  let bytes: ByteBuffer
  /// Whether a viewer can start with this segment.
  let isKeyframe: Bool
  let head: StreamHead
  var rendition = Rendition.full
  /// When the segment was complete.
  let created = ContinuousClock.now
}

/// Distributes one stream to any number of viewers.
final class Broadcast: Sendable {
  /// The maximum queue of one viewer.
  struct Limits: Sendable {
    var segments: Int
    var bytes: Int
    /// The age from which on data of the light rendition is dropped.
    var age = Duration.seconds(1)
  }

  private struct State {
    var viewers: [ObjectIdentifier: Viewer] = [:]
    var isClosed = false
    var latest = ContinuousClock.now
    var segments = 0
    var lost = 0
  }

  private let limits: Limits
  private let heartbeat: ByteBuffer
  private let state = Mutex(State())

  /// - Parameter heartbeat: Bytes that are valid in the stream but have no meaning.
  init(limits: Limits, heartbeat: [UInt8]) {
    self.limits = limits
    self.heartbeat = ByteBuffer(bytes: heartbeat)
  }

  var viewerCount: Int { state.withLock { $0.viewers.count } }
  /// The number of segments published, and of segments lost by individual viewers, since the start.
  var counts: (segments: Int, lost: Int) { state.withLock { ($0.segments, $0.lost) } }
  private var viewers: [Viewer] { state.withLock { Array($0.viewers.values) } }
  /// The renditions that viewers get or wait for.
  var renditions: Set<Rendition> { Set(viewers.flatMap(\.renditions)) }
  /// The number of viewers who get the light rendition.
  var lightViewerCount: Int { viewers.count { $0.rendition == .light } }

  /// Whether a viewer is waiting for a keyframe of a rendition.
  func wantsKeyframe(of rendition: Rendition) -> Bool { viewers.contains { $0.needsKeyframe(of: rendition) } }

  /// Adds a viewer, which stays until ``leave(_:)``. Returns nil if the broadcast has ended.
  func join() -> Viewer? {
    let viewer = Viewer(limits: limits, heartbeat: heartbeat)
    return state.withLock { state in
      if state.isClosed { return nil }
      state.viewers[ObjectIdentifier(viewer)] = viewer
      return viewer
    }
  }

  func leave(_ viewer: Viewer) {
    viewer.close()
    state.withLock { $0.viewers[ObjectIdentifier(viewer)] = nil }
  }

  /// Queues one frame for every viewer, without waiting for any.
  ///
  /// - Parameter renditions: The frame in each of the ``renditions``.
  func publish(_ renditions: [Segment]) {
    var lost = 0
    let now = ContinuousClock.now
    for viewer in viewers { lost += viewer.offer(renditions, at: now) }
    state.withLock { state in
      state.latest = .now
      state.segments += 1
      state.lost += lost
    }
  }

  /// Sends a heartbeat to all viewers if nothing was published for `silence`.
  func beat(after silence: Duration) {
    let isSilent = state.withLock { state in
      guard state.latest.duration(to: .now) > silence else { return false }
      state.latest = .now
      return true
    }
    if isSilent { for viewer in viewers { viewer.beat() } }
  }

  /// Ends the broadcast for all viewers.
  func close() {
    let viewers = state.withLock { state in
      state.isClosed = true
      return Array(state.viewers.values)
    }
    for viewer in viewers { viewer.close() }
  }
}
