import Hummingbird
import Synchronization

/// What a viewer must get in front of the first segment: of fragmented MP4, the head that tells the codec.
final class StreamHead: Sendable {
  let bytes: ByteBuffer
  /// The media type of the whole stream, for `Content-Type`.
  let mediaType: String

  init(bytes: ByteBuffer, mediaType: String) {
    self.bytes = bytes
    self.mediaType = mediaType
  }
}

/// A piece of a stream, which all its viewers share: a picture, as a rule.
struct Segment: Sendable {
  let bytes: ByteBuffer
  /// Whether a viewer may begin with it.
  let isKeyframe: Bool
  let head: StreamHead
}

/// One who gets the segments of a broadcast.
///
/// What waits for a viewer is limited: one who does not keep up loses what waits and goes on with the newest picture
/// that decoding can start at. Nobody waits for a viewer.
final class Viewer: Sendable {
  private struct State {
    var pending: [Segment] = []
    var pendingBytes = 0
    var isClosed = false
    var needsKeyframe = true
    var hasBegun = false
    /// Sent where there is nothing else for long, so that a connection that has gone is noticed.
    var isHeartbeatDue = false
    var head: StreamHead?
    var waiter: CheckedContinuation<Void, Never>?
    /// Since when it has been sending what it last took; nil while it waits for more.
    var busySince: ContinuousClock.Instant?
  }

  private let state = Mutex(State())
  private let limits: Broadcast.Limits
  private let heartbeat: ByteBuffer

  init(limits: Broadcast.Limits, heartbeat: ByteBuffer) {
    self.limits = limits
    self.heartbeat = heartbeat
  }

  /// Whether only a keyframe is of use to it.
  var needsKeyframe: Bool { state.withLock { $0.needsKeyframe } }

  /// How long the latest write has taken so far.
  var stall: Duration { state.withLock { $0.busySince.map { $0.duration(to: .now) } ?? .zero } }

  /// Leaves a segment; returns how many it has lost.
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
      // Whoever has not begun yet loses nothing.
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

  /// Has a heartbeat sent if it waits.
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

  /// Waits for what is to be sent next; nil at the end. The second part is the stream's head, once there is one.
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

/// One stream to any number of viewers.
final class Broadcast: Sendable {
  /// How much may wait for one viewer.
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

  /// `heartbeat` is a piece of the stream that means nothing.
  init(limits: Limits, heartbeat: [UInt8]) {
    self.limits = limits
    self.heartbeat = ByteBuffer(bytes: heartbeat)
  }

  var viewerCount: Int { state.withLock { $0.viewers.count } }
  /// Segments sent out, and segments that single viewers have lost, since the start.
  var counts: (segments: Int, lost: Int) { state.withLock { ($0.segments, $0.lost) } }
  private var viewers: [Viewer] { state.withLock { Array($0.viewers.values) } }
  /// Whether someone waits for a picture to begin with.
  var wantsKeyframe: Bool { viewers.contains { $0.needsKeyframe } }

  /// A new viewer, who stays until `leave`; nil after the end.
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

  /// Leaves a segment with every viewer, and waits for none.
  func publish(_ segment: Segment) {
    var lost = 0
    for viewer in viewers { lost += viewer.offer(segment) }
    state.withLock { state in
      state.latest = .now
      state.segments += 1
      state.lost += lost
    }
  }

  /// Sends a heartbeat to everyone if nothing was sent for that long.
  func beat(after silence: Duration) {
    let isSilent = state.withLock { state in
      guard state.latest.duration(to: .now) > silence else { return false }
      state.latest = .now
      return true
    }
    if isSilent { for viewer in viewers { viewer.beat() } }
  }

  /// Ends it for all.
  func close() {
    let viewers = state.withLock { state in
      state.isClosed = true
      return Array(state.viewers.values)
    }
    for viewer in viewers { viewer.close() }
  }
}
