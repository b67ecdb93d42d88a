/// The shape of a node's value for one picture: `[H, W, C]`, height, width and channels.
public struct FeatureShape: Hashable, Sendable, CustomStringConvertible {
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int
  /// Values of a pixel.
  public let channels: Int

  /// A shape; none of the extents is checked.
  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// `[H, W, C]`.
  public var description: String { "[\(height), \(width), \(channels)]" }

  /// Values of one picture.
  var count: Int { height * width * channels }

  func resized(height: Int, width: Int) -> FeatureShape {
    FeatureShape(height: height, width: width, channels: channels)
  }

  /// Throws where there are other than `channels` channels.
  func check(channels expected: Int) throws(ShapeError) {
    guard channels == expected else { throw ShapeError("it expects \(expected) channels, but reads \(channels)") }
  }

  /// The largest extents and the most values: sums over all nodes of a network stay far below what an `Int` holds.
  private static let (maximumExtent, maximumChannels, maximumCount) = (1 << 20, 1 << 16, 1 << 40)

  /// Throws where the shape is larger than any network's.
  func checkSize() throws(ShapeError) {
    guard (1...Self.maximumExtent).contains(height), (1...Self.maximumExtent).contains(width),
      (1...Self.maximumChannels).contains(channels), count <= Self.maximumCount
    else { throw ShapeError("a value of \(self) is out of range") }
  }
}

/// Why an operation has no value, in half a sentence about its node.
struct ShapeError: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
