import Hummingbird
import Synchronization

/// A receiver of a broadcast's segments.
///
/// The queue of each viewer is limited. A viewer whose queue grows gets the light rendition. A viewer that falls behind
/// all the same loses its queue and continues with the newest keyframe. Nothing waits for a viewer.
final class Viewer: Sendable {
  private struct State {
    var pending: [Segment] = []
    var pendingBytes = 0
    var isClosed = false
    var needsKeyframe = true
    var hasBegun = false
    var rendition = Rendition.full
    var choice = RenditionChoice()
    /// When the oldest segment that is being written was complete; nil while none is.
    var oldestWritten: ContinuousClock.Instant?
    /// Whether to send a heartbeat, which detects closed connections while the stream is silent.
    var isHeartbeatDue = false
    var head: StreamHead?
    var waiter: CheckedContinuation<Void, Never>?
    /// When the current write started; nil while waiting for segments.
    var busySince: ContinuousClock.Instant?
  }

  /// The number of bytes from which on a write contains no further segment.
  private static let writeSize = 16 << 10

  private let state = Mutex(State())
  private let limits: Broadcast.Limits
  private let heartbeat: ByteBuffer

  init(limits: Broadcast.Limits, heartbeat: ByteBuffer) {
    self.limits = limits
    self.heartbeat = heartbeat
  }

  /// The rendition that the viewer gets, and the one that it waits for.
  var renditions: [Rendition] { state.withLock { [$0.rendition, $0.choice.wanted] } }
  var rendition: Rendition { state.withLock { $0.rendition } }

  /// Whether the viewer can only continue with a keyframe of `rendition`.
  func needsKeyframe(of rendition: Rendition) -> Bool {
    state.withLock { state in
      state.choice.wanted == rendition && (state.rendition != rendition || state.needsKeyframe)
    }
  }

  /// How long the current write has taken so far.
  var stall: Duration { state.withLock { $0.busySince.map { $0.duration(to: .now) } ?? .zero } }

  /// Queues a frame, in the rendition that suits the viewer. Returns the number of segments that the viewer has lost.
  func offer(_ frame: [Segment], at now: ContinuousClock.Instant) -> Int {
    let (lost, waiter) = state.withLock { state -> (Int, CheckedContinuation<Void, Never>?) in
      if state.isClosed { return (0, nil) }
      let oldest = state.oldestWritten ?? state.pending.first?.created
      let age = oldest.map { $0.duration(to: now) } ?? .zero
      state.choice.update(age: age, at: now)
      var lost = 0
      let isFull = state.pending.count >= limits.segments || state.pendingBytes > limits.bytes
      if isFull || state.rendition == .light && age > limits.age { lost = Self.drop(&state) }
      if state.rendition != state.choice.wanted,
        let first = frame.first(where: { $0.rendition == state.choice.wanted && $0.isKeyframe })
      {
        // What waits would only delay the light pictures.
        if first.rendition == .light { lost += Self.drop(&state) }
        state.rendition = first.rendition
      }
      guard let segment = frame.first(where: { $0.rendition == state.rendition }) else { return (lost, nil) }
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

  /// Removes what waits. Returns the number of segments.
  private static func drop(_ state: inout State) -> Int {
    defer {
      state.pending.removeAll(keepingCapacity: true)
      state.pendingBytes = 0
      state.needsKeyframe = true
    }
    return state.pending.count
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
        state.oldestWritten = nil
        guard !state.pending.isEmpty else {
          state.busySince = nil
          guard state.isHeartbeatDue, state.head != nil else { return .none }
          state.isHeartbeatDue = false
          state.busySince = .now
          return .some(([heartbeat], state.head))
        }
        state.isHeartbeatDue = false
        state.oldestWritten = state.pending.first?.created
        var buffers: [ByteBuffer] = []
        var (count, bytes) = (0, 0)
        // What is left can still be dropped.
        while count < state.pending.count, bytes < Self.writeSize {
          let segment = state.pending[count]
          if segment.head !== state.head { buffers.append(segment.head.bytes) }
          state.head = segment.head
          buffers.append(segment.bytes)
          bytes += segment.bytes.readableBytes
          count += 1
        }
        state.pending.removeFirst(count)
        state.pendingBytes -= bytes
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
