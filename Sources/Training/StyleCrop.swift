import Imaging

/// What is cut off a painting's sides before anything is learned from it: its frame, its border, its signature.
///
/// In percent of its width and height, so that another scan of the same painting is cut alike.
public struct StyleCrop: Codable, Hashable, Sendable, CustomStringConvertible {
  /// Nothing is cut off.
  public static let none = StyleCrop()

  /// Percent of the width at the left.
  public let left: Double
  /// Percent of the height at the top.
  public let top: Double
  /// Percent of the width at the right.
  public let right: Double
  /// Percent of the height at the bottom.
  public let bottom: Double

  private init() { (left, top, right, bottom) = (0, 0, 0, 0) }

  /// Reads `LEFT,TOP,RIGHT,BOTTOM`, each from 0, that leave something of the width and of the height.
  ///
  /// Throws ``TrainingError/invalidSetting(name:found:expected:)`` for anything else.
  public init(_ text: String) throws {
    let sides = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? -1 }
    guard sides.count == 4, sides.allSatisfy({ $0.isFinite && $0 >= 0 }), sides[0] + sides[2] < 100,
      sides[1] + sides[3] < 100
    else {
      throw TrainingError.invalidSetting(
        name: "the crop", found: "'\(text)'",
        expected: "LEFT,TOP,RIGHT,BOTTOM in percent, such as 0,2.5,4,0, that leave something of the painting")
    }
    (left, top, right, bottom) = (sides[0], sides[1], sides[2], sides[3])
  }

  /// `LEFT,TOP,RIGHT,BOTTOM`, as ``init(_:)`` reads it.
  public var description: String {
    [left, top, right, bottom].map { $0 == $0.rounded() ? String(Int($0)) : String($0) }.joined(separator: ",")
  }

  /// What is left of `picture`, borders rounded to whole pixels; nil where that is not one pixel.
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
