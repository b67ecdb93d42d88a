import ArgumentParser

/// The number of frames to paint at a time.
package enum ParallelFrames: Equatable, Sendable, CustomStringConvertible {
  /// As many as suit the source and the processor.
  case auto
  /// A number from 1 to 256.
  case count(Int)

  /// Parses `auto` or a number, for `transform:`.
  ///
  /// - Throws: `ValidationError` if `text` is neither, or the number is out of range.
  @Sendable package static func parse(_ text: String) throws -> ParallelFrames {
    guard text != "auto" else { return .auto }
    guard let count = Int(text), (1...256).contains(count) else {
      throw ValidationError("expected auto or a whole number from 1 to 256")
    }
    return .count(count)
  }

  /// `auto` or the number.
  package var description: String {
    switch self {
    case .auto: "auto"
    case .count(let frames): "\(frames)"
    }
  }
}
