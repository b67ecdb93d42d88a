import HTTPTypes
import Hummingbird
import Synchronization
import Threading

/// Limits how often each client may present a wrong token. Other clients are not affected.
final class Guesses: Sendable {
  /// A client may be wrong this many times in a row.
  private static let burst = 10.0
  /// Then it may be wrong this many times per second.
  private static let rate = 0.5
  /// The number of clients to remember. The one whose last mistake is the oldest is forgotten first.
  private static let maximumCount = 4096

  private struct Mistakes {
    /// The number of mistakes that are not yet forgotten.
    var level = 0.0
    var time: ContinuousClock.Instant
  }

  private let mistakes = Mutex<[ClientAddress: Mistakes]>([:])

  /// Returns whether a token is right, or nil if the client has been wrong too often: then even the right token is not
  /// looked at, or guessing would work.
  func check(of client: ClientAddress, at now: ContinuousClock.Instant = .now, isRight: () -> Bool) -> Bool? {
    mistakes.withLock { mistakes in
      var entry = mistakes[client] ?? Mistakes(time: now)
      entry.level = max(0, entry.level - Self.rate * entry.time.duration(to: now).seconds)
      entry.time = now
      if entry.level > Self.burst - 1 { return nil }
      if isRight() { return true }
      entry.level += 1
      mistakes[client] = entry
      if mistakes.count > Self.maximumCount, let oldest = mistakes.min(by: { $0.value.time < $1.value.time }) {
        mistakes[oldest.key] = nil
      }
      return false
    }
  }
}

extension Guesses {
  /// Checks the token of a request.
  ///
  /// - Throws: ``RequestError`` if it is missing or wrong, or if the client has presented too many wrong ones.
  func check(_ request: Request, _ context: ServerContext, _ policy: AccessPolicy) throws(RequestError) {
    let token = Self.bearerToken(request) ?? ""
    switch check(of: ClientAddress(of: context.channel), isRight: { policy.admits(token: token) }) {
    case true?: return
    case false?: throw RequestError(.unauthorized, field: "Authorization", message: "the token is missing or wrong")
    case nil:
      throw RequestError(
        .tooManyRequests, field: "Authorization", headers: [.retryAfter: "2"],
        message: "too many wrong tokens from this address; try again later")
    }
  }

  /// Returns the bearer token of the Authorization header, if any.
  static func bearerToken(_ request: Request) -> String? {
    guard let value = request.headers[.authorization], value.lowercased().hasPrefix("bearer ") else { return nil }
    return String(value.dropFirst("bearer ".count))
  }
}
