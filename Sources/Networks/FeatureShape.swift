/// The shape of a node's value for one picture: `[H, W, C]`, height, width and channels.
public struct FeatureShape: Hashable, Sendable, CustomStringConvertible {
  /// The number of rows.
  public let height: Int
  /// The number of columns.
  public let width: Int
  /// The number of channels.
  public let channels: Int

  /// Creates a shape. The extents are not checked.
  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// `[H, W, C]`.
  public var description: String { "[\(height), \(width), \(channels)]" }

  /// The number of values of one picture.
  var count: Int { height * width * channels }

  func resized(height: Int, width: Int) -> FeatureShape {
    FeatureShape(height: height, width: width, channels: channels)
  }

  /// Checks the number of channels.
  ///
  /// - Throws: ``ShapeError`` if it differs from `expected`.
  func check(channels expected: Int) throws(ShapeError) {
    guard channels == expected else { throw ShapeError("it expects \(expected) channels, but reads \(channels)") }
  }

  /// The maximum extents and number of values. Sums over all nodes of a network stay far below the range of `Int`.
  private static let (maximumExtent, maximumChannels, maximumCount) = (1 << 20, 1 << 16, 1 << 40)

  /// Checks that the shape is within the limits.
  ///
  /// - Throws: ``ShapeError`` if it is not.
  func checkSize() throws(ShapeError) {
    guard (1...Self.maximumExtent).contains(height), (1...Self.maximumExtent).contains(width),
      (1...Self.maximumChannels).contains(channels), count <= Self.maximumCount
    else { throw ShapeError("a value of \(self) is out of range") }
  }
}

/// An error of an operation. The reason completes a sentence about its node.
struct ShapeError: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
