import Foundation
import Synchronization
import Threading

/// Decides which requests are allowed: rules against other sites in the same browser, and a token against other people.
///
/// A page of another site can make a browser send requests to this server. The page cannot choose the Host header, but
/// it can resolve its own name to this address (DNS rebinding). A name must therefore be known, whereas an address
/// cannot be rebound. The page also cannot hide the Origin header of a request that changes something.
struct AccessPolicy: Sendable {
  private let isLoopback: Bool
  private let names: Set<String>
  private let token: [UInt8]?

  /// Creates the policy of a server that listens on `address`.
  ///
  /// - Parameter hosts: Additional host names of the server.
  init(address: String, token: String?, hosts: [String]) {
    isLoopback = Self.isLoopback(address)
    names = Set((hosts + ["localhost", address]).map { $0.lowercased() })
    self.token = token.map { Array($0.utf8) }
  }

  /// Returns whether only programs on this machine can reach `address`.
  static func isLoopback(_ address: String) -> Bool {
    let address = address.lowercased()
    if address == "localhost" || address == "::1" { return true }
    return octets(address)?.first == 127
  }

  /// Parses an IPv4 address; returns nil if the text is not one.
  private static func octets(_ text: String) -> [Int]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let octets = parts.compactMap { part in
      part.count <= 3 && part.allSatisfy { $0.isASCII && $0.isNumber } ? Int(part) : nil
    }
    return parts.count == 4 && octets.count == 4 && octets.allSatisfy { $0 <= 255 } ? octets : nil
  }

  /// Returns the host without its port and without the brackets of an IPv6 address, or nil if it is malformed.
  private static func name(ofHost host: String) -> String? {
    let host = host.lowercased()
    if host.hasPrefix("[") {
      guard let end = host.firstIndex(of: "]") else { return nil }
      let rest = host[host.index(after: end)...]
      return rest.isEmpty || isPort(rest) ? String(host[host.index(after: host.startIndex)..<end]) : nil
    }
    guard let colon = host.firstIndex(of: ":") else { return host.isEmpty ? nil : host }
    return colon > host.startIndex && isPort(host[colon...]) ? String(host[..<colon]) : nil
  }

  private static func isPort(_ text: Substring) -> Bool {
    text.first == ":" && text.dropFirst().allSatisfy { $0.isASCII && $0.isNumber } && text.count <= 6
  }

  /// Returns whether a request with the Host header `host` is meant for this server.
  func admits(host: String?) -> Bool {
    guard let name = host.flatMap(Self.name(ofHost:)) else { return false }
    if names.contains(name) { return true }
    let isAddress = Self.octets(name) != nil || name.contains(":")
    return isAddress && (!isLoopback || Self.isLoopback(name))
  }

  /// Returns whether a request that changes something may come from a page of `origin`. Programs other than browsers
  /// send no origin.
  func admits(origin: String?, host: String?) -> Bool {
    guard let origin else { return true }
    guard let host else { return false }
    return origin == "http://\(host)" || origin == "https://\(host)"
  }

  /// Whether requests need the token.
  var needsToken: Bool { token != nil }

  /// Compares in constant time, regardless of where the tokens differ.
  func admits(token given: String) -> Bool {
    guard let token else { return true }
    let given = Array(given.utf8)
    var difference = UInt(token.count ^ given.count)
    for index in given.indices.prefix(1024) { difference |= UInt(given[index] ^ token[index % max(1, token.count)]) }
    return difference == 0
  }
}

/// The browser sessions that have presented the token. Each gets its own secret in a cookie, so that browsers do not
/// store the token itself.
final class Sessions: Sendable {
  static let cookie = "impasto-session"
  private static let maximumCount = 64

  private let secrets = Mutex<[String]>([])

  /// Starts a session and returns its secret. If there are too many sessions, the oldest one ends.
  func begin() -> String {
    let secret = Self.secret()
    secrets.withLock { secrets in
      if secrets.count >= Self.maximumCount { secrets.removeFirst() }
      secrets.append(secret)
    }
    return secret
  }

  /// Returns whether a session has this secret.
  func contains(_ secret: String) -> Bool {
    secrets.withLock { secrets in
      secrets.reduce(false) { found, known in Self.areEqual(known, secret) || found }
    }
  }

  /// Returns 256 random bits as text.
  static func secret() -> String {
    var random = SystemRandomNumberGenerator()
    return (0..<4).map { _ in
      let digits = String(random.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// Compares secrets of the same length in constant time, regardless of where they differ.
  static func areEqual(_ known: String, _ given: String) -> Bool {
    let (known, given) = (Array(known.utf8), Array(given.utf8))
    return known.count == given.count && zip(known, given).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// A rate limit, implemented as a token bucket.
final class RateLimit: Sendable {
  private let rate: Double
  private let burst: Double
  private let state: Mutex<(level: Double, time: ContinuousClock.Instant)>

  /// Creates a limit of `rate` per second that allows bursts of `burst`.
  init(rate: Double, burst: Double) {
    self.rate = rate
    self.burst = burst
    state = Mutex((burst, .now))
  }

  /// Returns whether one more is allowed now.
  func take(at now: ContinuousClock.Instant = .now) -> Bool {
    state.withLock { state in
      state.level = min(burst, state.level + rate * state.time.duration(to: now).seconds)
      state.time = now
      guard state.level >= 1 else { return false }
      state.level -= 1
      return true
    }
  }
}
