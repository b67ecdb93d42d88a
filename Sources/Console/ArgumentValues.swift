import ArgumentParser

/// Checked readings of option values, for `transform:`; what they throw completes the parser's usage error.
public enum ArgumentValues {
  /// A finite number within `range`.
  public static func number(in range: ClosedRange<Double>) -> @Sendable (String) throws -> Double {
    { text in
      guard let value = Double(text), range.contains(value) else {
        throw ValidationError("expected a number from \(short(range.lowerBound)) to \(short(range.upperBound))")
      }
      return value
    }
  }

  /// A finite number that is not negative, or not even zero.
  public static func number(positive: Bool) -> @Sendable (String) throws -> Double {
    { text in
      guard let value = Double(text), value.isFinite, positive ? value > 0 : value >= 0 else {
        throw ValidationError("expected a \(positive ? "positive number" : "number that is not negative")")
      }
      return value
    }
  }

  /// A whole number within `range`.
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

/// The size of a picture in pixels, as `WxH` on the command line.
public struct FrameSize: Hashable, Sendable, CustomStringConvertible {
  /// The largest extent accepted.
  public static let maximumExtent = 16_384

  /// Columns, from 1 to `maximumExtent`.
  public let width: Int
  /// Rows, from 1 to `maximumExtent`.
  public let height: Int

  /// A size; nil where an extent is out of range.
  public init?(width: Int, height: Int) {
    let range = 1...Self.maximumExtent
    guard range.contains(width), range.contains(height) else { return nil }
    self.width = width
    self.height = height
  }

  /// Reads `640x360`; for `transform:`.
  @Sendable public static func parse(_ text: String) throws -> FrameSize {
    let extents = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard extents.count == 2, let width = extents[0], let height = extents[1],
      let size = FrameSize(width: width, height: height)
    else {
      throw ValidationError("expected WxH, such as 640x360, each from 1 to \(maximumExtent)")
    }
    return size
  }

  /// `640x360`.
  public var description: String { "\(width)x\(height)" }
}
