import Foundation
import Hummingbird
import Streaming
import Threading

/// The clock whose times pages compare with their own: microseconds since 1970. It never jumps, because only its
/// beginning is read from the system's clock.
package enum ServerClock {
  private static let beginning = (instant: ContinuousClock.now, microseconds: Date().timeIntervalSince1970 * 1e6)

  /// The seconds from 1900, where the time of NTP begins, to 1970 (RFC 5905).
  private static let secondsBeforeUnix: UInt64 = 2_208_988_800

  /// Returns the time of an instant.
  package static func microseconds(of instant: ContinuousClock.Instant) -> Int64 {
    let beginning = beginning
    return Int64(beginning.microseconds + beginning.instant.duration(to: instant).seconds * 1e6)
  }

  /// Returns the instant of a time within a day of the clock's beginning or after it; nil for others.
  package static func instant(of microseconds: Int64) -> ContinuousClock.Instant? {
    let beginning = beginning
    let seconds = (Double(microseconds) - beginning.microseconds) / 1e6
    return (-86_400...1e9).contains(seconds) ? beginning.instant + .seconds(seconds) : nil
  }

  /// Returns a time as NTP writes it: 32 bits of seconds since 1900 and 32 bits of their fraction.
  static func ntp(of microseconds: Int64) -> UInt64 {
    let time = UInt64(max(0, microseconds))
    let fraction = (time % 1_000_000) << 32 / 1_000_000
    return (time / 1_000_000 &+ secondsBeforeUnix) << 32 | fraction
  }
}

extension LiveServer {
  func addClock(to router: Router<ServerContext>) {
    router.get("api/clock") { _, _ in
      try Answer.json(["microseconds": ServerClock.microseconds(of: .now)])
    }
  }
}
