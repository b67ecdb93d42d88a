import Imaging

/// The margins to crop from a painting before training, such as its frame, border or signature.
///
/// They are percentages of the width and height, so they apply to every scan of the painting.
public struct StyleCrop: Codable, Hashable, Sendable, CustomStringConvertible {
  /// No margins.
  public static let none = StyleCrop()

  /// The left margin, in percent of the width.
  public let left: Double
  /// The top margin, in percent of the height.
  public let top: Double
  /// The right margin, in percent of the width.
  public let right: Double
  /// The bottom margin, in percent of the height.
  public let bottom: Double

  private init() { (left, top, right, bottom) = (0, 0, 0, 0) }

  /// Parses `LEFT,TOP,RIGHT,BOTTOM`.
  ///
  /// - Throws: ``TrainingError/invalidSetting(name:found:expected:)`` if the text is malformed, a margin is negative,
  ///   or opposite margins add up to 100 percent or more.
  public init(_ text: String) throws {
    let sides = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? -1 }
    guard sides.count == 4, sides.allSatisfy({ $0.isFinite && $0 >= 0 }), sides[0] + sides[2] < 100,
      sides[1] + sides[3] < 100
    else {
      throw TrainingError.invalidSetting(
        name: "the crop", found: "'\(text)'",
        expected: "LEFT,TOP,RIGHT,BOTTOM in percent, such as 0,2.5,4,0, with opposite sides below 100 in total")
    }
    (left, top, right, bottom) = (sides[0], sides[1], sides[2], sides[3])
  }

  /// The margins as `LEFT,TOP,RIGHT,BOTTOM`, which ``init(_:)`` parses.
  public var description: String {
    [left, top, right, bottom].map { $0 == $0.rounded() ? String(Int($0)) : String($0) }.joined(separator: ",")
  }

  /// Crops `picture`, with the margins rounded to whole pixels. Returns nil if no pixel remains.
  public func applied(to picture: Picture) -> Picture? {
    func range(_ length: Int, _ before: Double, _ after: Double) -> Range<Int>? {
      let start = Int((Double(length) * before / 100).rounded())
      let end = Int((Double(length) * (1 - after / 100)).rounded())
      return start < end ? start..<end : nil
    }
    guard let columns = range(picture.width, left, right), let rows = range(picture.height, top, bottom) else {
      return nil
    }
    if self == .none { return picture }
    return picture.cropped(x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
  }
}
