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
}

/// A receiver of a broadcast's segments.
///
/// The queue of each viewer is limited. A viewer that falls behind loses its queue and continues with the newest
/// keyframe. Nothing waits for a viewer.
final class Viewer: Sendable {
  private struct State {
    var pending: [Segment] = []
    var pendingBytes = 0
    var isClosed = false
    var needsKeyframe = true
    var hasBegun = false
    /// Whether to send a heartbeat, which detects closed connections while the stream is silent.
    var isHeartbeatDue = false
    var head: StreamHead?
    var waiter: CheckedContinuation<Void, Never>?
    /// When the current write started; nil while waiting for segments.
    var busySince: ContinuousClock.Instant?
  }

  private let state = Mutex(State())
  private let limits: Broadcast.Limits
  private let heartbeat: ByteBuffer

  init(limits: Broadcast.Limits, heartbeat: ByteBuffer) {
    self.limits = limits
    self.heartbeat = heartbeat
  }

  /// Whether the viewer can only continue with a keyframe.
  var needsKeyframe: Bool { state.withLock { $0.needsKeyframe } }

  /// How long the current write has taken so far.
  var stall: Duration { state.withLock { $0.busySince.map { $0.duration(to: .now) } ?? .zero } }

  /// Queues a segment. Returns the number of segments that the viewer has lost.
  func offer(_ segment: Segment) -> Int {
    let (lost, waiter) = state.withLock { state -> (Int, CheckedContinuation<Void, Never>?) in
      if state.isClosed { return (0, nil) }
      var lost = 0
      if state.pending.count >= limits.segments || state.pendingBytes > limits.bytes {
        lost = state.pending.count
        state.pending.removeAll(keepingCapacity: true)
        state.pendingBytes = 0
        state.needsKeyframe = true
      }
      // A viewer that has not started yet loses nothing.
      if state.needsKeyframe, !segment.isKeyframe { return (lost + (state.hasBegun ? 1 : 0), nil) }
      state.hasBegun = true
      state.needsKeyframe = false
      state.pending.append(segment)
      state.pendingBytes += segment.bytes.readableBytes
      defer { state.waiter = nil }
      return (lost, state.waiter)
    }
    waiter?.resume()
    return lost
  }

  /// Sends a heartbeat if the viewer is waiting.
  func beat() { wake { $0.isHeartbeatDue = true } }

  /// Ends the stream for this viewer.
  func close() {
    wake {
      $0.isClosed = true
      $0.pending.removeAll()
    }
  }

  private func wake(_ change: (inout State) -> Void) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      change(&state)
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Waits for the next buffers to send. Returns nil at the end.
  func next() async -> (buffers: [ByteBuffer], head: StreamHead?)? {
    while true {
      let found = state.withLock { state -> (buffers: [ByteBuffer], head: StreamHead?)?? in
        if state.isClosed { return .some(nil) }
        state.busySince = .now
        guard !state.pending.isEmpty else {
          state.busySince = nil
          guard state.isHeartbeatDue, state.head != nil else { return .none }
          state.isHeartbeatDue = false
          state.busySince = .now
          return .some(([heartbeat], state.head))
        }
        state.isHeartbeatDue = false
        var buffers: [ByteBuffer] = []
        for segment in state.pending {
          if segment.head !== state.head { buffers.append(segment.head.bytes) }
          state.head = segment.head
          buffers.append(segment.bytes)
        }
        state.pending.removeAll(keepingCapacity: true)
        state.pendingBytes = 0
        return .some((buffers, state.head))
      }
      if let found { return found }
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let isLate = state.withLock { state in
            guard state.pending.isEmpty, !state.isClosed, !(state.isHeartbeatDue && state.head != nil) else {
              return true
            }
            state.waiter = continuation
            return false
          }
          if isLate { continuation.resume() }
        }
      } onCancel: {
        close()
      }
    }
  }
}

/// Distributes one stream to any number of viewers.
final class Broadcast: Sendable {
  /// The maximum queue of one viewer.
  struct Limits: Sendable {
    var segments: Int
    var bytes: Int
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
  /// Whether a viewer is waiting for a keyframe.
  var wantsKeyframe: Bool { viewers.contains { $0.needsKeyframe } }

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

  /// Queues a segment for every viewer, without waiting for any.
  func publish(_ segment: Segment) {
    var lost = 0
    for viewer in viewers { lost += viewer.offer(segment) }
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
