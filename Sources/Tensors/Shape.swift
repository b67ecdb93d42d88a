/// The extents of a tensor, outermost first.
///
/// Activations are `[N, H, W, C]` (batch, height, width, channels; channels contiguous), vectors are `[C]`, and
/// convolution weights are `[O, I, Kh, Kw]` as in PyTorch.
public struct Shape: Hashable, Sendable, CustomStringConvertible {
  /// The extents, each at least 0.
  public let dimensions: [Int]

  /// Creates a shape of any rank.
  public init(_ dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 >= 0 }, "negative extent in \(dimensions)")
    self.dimensions = dimensions
  }

  /// Creates the shape `[N, H, W, C]` of a batch of activations.
  public init(batch: Int, height: Int, width: Int, channels: Int) {
    self.init([batch, height, width, channels])
  }

  /// The number of extents.
  public var rank: Int { dimensions.count }

  /// The number of elements: the product of the extents.
  public var count: Int { dimensions.reduce(1, *) }

  /// `N` of an activation shape.
  public var batch: Int { dimensions[0] }
  /// `H` of an activation shape.
  public var height: Int { dimensions[1] }
  /// `W` of an activation shape.
  public var width: Int { dimensions[2] }
  /// `C` of an activation shape, or the length of a vector: the innermost extent.
  public var channels: Int { dimensions[dimensions.count - 1] }

  /// The extents in brackets, as in `[1, 256, 256, 3]`.
  public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}
