import FFmpeg
import Threading

/// The renditions of a stream: the same pictures at different rates.
package enum Rendition: String, CaseIterable, Sendable {
  /// The painted frames as they are.
  case full
  /// Smaller pictures at a limited rate, for viewers whose connection does not take the full ones.
  case light

  /// The greatest height of a light picture, which has at most half the lines of the full one.
  private static let lightLines = 240
  /// The rate of light video in bits per second. With sound (128 kbit/s) and the headers of the network, it fits into
  /// 700 kbit/s.
  private static let lightRate = 400_000
  /// A keyframe may use what the rate allows in this part of a second.
  private static let lightBuffer = 0.4

  /// Returns the format of the rendition's frames.
  ///
  /// - Parameter parts: The number of pictures that a frame has, one above the other.
  func format(of full: VideoFormat, parts: Int) -> VideoFormat {
    guard self == .light else { return full }
    let lines = min(Self.lightLines * parts, full.height / 2)
    var format = full
    format.height = max(2, lines & ~1)
    format.width = max(2, (full.width * format.height / max(1, full.height)) & ~1)
    return format
  }

  /// The encoder's options. Each frame leaves the encoder at once, and keyframes are inserted on request only.
  var encoderOptions: [String: String] {
    let common = [
      "preset": "superfast", "tune": "zerolatency", "profile": "high", "bf": "0", "g": "1000000", "forced-idr": "1",
    ]
    let own =
      switch self {
      case .full: ["crf": "23"]
      case .light:
        [
          "crf": "25", "maxrate": "\(Self.lightRate)", "bufsize": "\(Int(Double(Self.lightRate) * Self.lightBuffer))",
        ]
      }
    return common.merging(own) { $1 }
  }
}

/// Chooses the rendition of one viewer by the age of the oldest data that waits for it.
///
/// A viewer whose data waits gets the light rendition. Once nothing has waited for some seconds, it gets the full one
/// again. If that fails, the next try comes later: each try on a slow link delays pictures for a moment.
package struct RenditionChoice: Sendable {
  /// Older data means that the link is too slow.
  package static let congestion = Duration.milliseconds(200)
  /// Younger data means that the link takes all.
  package static let calm = Duration.milliseconds(100)
  /// How long a link must take all before the first try.
  package static let shortestPatience = Duration.seconds(8)
  /// The greatest time between tries.
  package static let longestPatience = Duration.seconds(120)
  /// A try that lasts for this long has succeeded.
  private static let success = Duration.seconds(30)

  /// The rendition that the viewer should get.
  package private(set) var wanted = Rendition.full
  /// How long the link must take all before the next try.
  package private(set) var patience = Self.shortestPatience
  private var calmSince: ContinuousClock.Instant?
  private var raised: ContinuousClock.Instant?

  /// Creates the choice of a viewer who begins with the full rendition.
  package init() {}

  /// Takes note of the oldest data that waits.
  package mutating func update(age: Duration, at now: ContinuousClock.Instant) {
    switch wanted {
    case .full:
      let trial = raised.map { $0.duration(to: now) }
      if age > Self.congestion {
        wanted = .light
        calmSince = nil
        if let trial, trial < Self.success { patience = min(Self.longestPatience, patience * 2) }
      } else if let trial, trial >= Self.success {
        patience = Self.shortestPatience
      }
    case .light:
      guard age < Self.calm else {
        calmSince = nil
        return
      }
      let since = calmSince ?? now
      calmSince = since
      if since.duration(to: now) >= patience {
        wanted = .full
        raised = now
      }
    }
  }
}
