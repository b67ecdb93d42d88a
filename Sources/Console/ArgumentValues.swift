import ArgumentParser

/// Parsers of option values for `transform:`. Each returns a closure that throws a `ValidationError` for an invalid
/// value.
public enum ArgumentValues {
  /// Parses a finite number in `range`.
  public static func number(in range: ClosedRange<Double>) -> @Sendable (String) throws -> Double {
    { text in
      guard let value = Double(text), range.contains(value) else {
        throw ValidationError("expected a number from \(short(range.lowerBound)) to \(short(range.upperBound))")
      }
      return value
    }
  }

  /// Parses a finite number that is not negative, or greater than zero if `positive` is true.
  public static func number(positive: Bool) -> @Sendable (String) throws -> Double {
    { text in
      guard let value = Double(text), value.isFinite, positive ? value > 0 : value >= 0 else {
        throw ValidationError("expected a \(positive ? "positive" : "non-negative") number")
      }
      return value
    }
  }

  /// Parses a whole number in `range`.
  public static func integer(in range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
    { text in
      guard let value = Int(text), range.contains(value) else {
        throw ValidationError(
          range.upperBound == .max
            ? "expected a whole number of at least \(range.lowerBound)"
            : "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }
  }

  private static func short(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }
}

/// The size of a picture in pixels, written as `WxH` on the command line.
public struct FrameSize: Hashable, Sendable, CustomStringConvertible {
  /// The maximum width and height.
  package static let maximumExtent = 16_384

  /// The width, from 1 to ``maximumExtent``.
  public let width: Int
  /// The height, from 1 to ``maximumExtent``.
  public let height: Int

  /// Creates a size; nil if the width or height is out of range.
  public init?(width: Int, height: Int) {
    let range = 1...Self.maximumExtent
    guard range.contains(width), range.contains(height) else { return nil }
    self.width = width
    self.height = height
  }

  /// Parses a size such as `640x360`, for `transform:`.
  ///
  /// - Throws: `ValidationError` if `text` is not a size or is out of range.
  @Sendable public static func parse(_ text: String) throws -> FrameSize {
    let extents = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard extents.count == 2, let width = extents[0], let height = extents[1],
      let size = FrameSize(width: width, height: height)
    else {
      throw ValidationError("expected WxH, such as 640x360, each from 1 to \(maximumExtent)")
    }
    return size
  }

  /// The size as `WxH`.
  public var description: String { "\(width)x\(height)" }
}
