import Synchronization

/// Counts what the server has answered.
final class ServerCounters: Sendable {
  private struct State {
    var statuses: [Int: Int] = [:]
    var bytes = 0
    var framesPosted = 0
    var viewersEnded = 0
  }

  private let state = Mutex(State())

  /// Answers by their status.
  var statuses: [Int: Int] { state.withLock { $0.statuses } }
  /// Bytes of streams sent.
  var bytes: Int { state.withLock { $0.bytes } }
  /// Frames taken from browsers' cameras.
  var framesPosted: Int { state.withLock { $0.framesPosted } }
  /// Viewers sent away because they did not read.
  var viewersEnded: Int { state.withLock { $0.viewersEnded } }

  func note(status: Int) { state.withLock { $0.statuses[status, default: 0] += 1 } }
  func note(bytes: Int) { state.withLock { $0.bytes += bytes } }
  func noteFrame() { state.withLock { $0.framesPosted += 1 } }
  func noteViewerEnded() { state.withLock { $0.viewersEnded += 1 } }
}
