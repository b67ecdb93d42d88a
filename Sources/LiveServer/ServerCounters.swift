import Synchronization

/// Counts responses and traffic of the server.
final class ServerCounters: Sendable {
  private struct State {
    var statuses: [Int: Int] = [:]
    var bytes = 0
    var framesPosted = 0
    var viewersEnded = 0
  }

  private let state = Mutex(State())

  /// The number of responses by status code.
  var statuses: [Int: Int] { state.withLock { $0.statuses } }
  /// The number of bytes of video sent.
  var bytes: Int { state.withLock { $0.bytes } }
  /// The number of frames received from browser cameras.
  var framesPosted: Int { state.withLock { $0.framesPosted } }
  /// The number of viewers disconnected because they stopped reading.
  var viewersEnded: Int { state.withLock { $0.viewersEnded } }

  func note(status: Int) { state.withLock { $0.statuses[status, default: 0] += 1 } }
  func note(bytes: Int) { state.withLock { $0.bytes += bytes } }
  func noteFrame() { state.withLock { $0.framesPosted += 1 } }
  func noteViewerEnded() { state.withLock { $0.viewersEnded += 1 } }
}
