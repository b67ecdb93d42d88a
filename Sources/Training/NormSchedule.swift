/// How norms with stored statistics come to use them: first as instance norms, at last as the finished network will.
///
/// Instance normalisation trains fast, but its statistics move with every frame: the picture pumps, and nothing folds. A network
/// that is trained on one and run with the other loses quality. So the image's share of the statistics falls from 1 to 0 along a
/// line, while the stored ones follow the images'; from then on they are constants, and the last part of the training fits the
/// weights to exactly the map that is shipped. Blending towards fixed statistics is after S. Ioffe: Batch Renormalization, 2017.
public struct NormSchedule: Codable, Hashable, Sendable {
  /// The part of the iterations after which the image's share begins to fall, 0…1.
  public var start: Double
  /// The part of the iterations after which the statistics stay as they are, from ``start`` to 1.
  public var end: Double

  /// How far the stored statistics move towards those of a batch in each step while the image has a share; PyTorch's default.
  public static let momentum: Float = 0.1

  /// What the norms do in one step.
  public struct Phase: Hashable, Sendable {
    /// The image's share of the statistics.
    public var imageShare: Float
    /// How far the stored statistics move.
    public var momentum: Float

    /// The stored statistics as they are.
    public static let finished = Phase(imageShare: 0, momentum: 0)

    /// A phase of the given share and momentum, each 0…1.
    public init(imageShare: Float, momentum: Float) {
      self.imageShare = imageShare
      self.momentum = momentum
    }
  }

  /// A schedule; as it is, for a network that starts from random values.
  public init(start: Double = 0.3, end: Double = 0.6) {
    self.start = start
    self.end = end
  }

  /// For a network that starts from trained values: its statistics only have to move to the new style's.
  public static let fromBase = NormSchedule(start: 0, end: 0.3)

  /// What the norms do at `iteration` (from 0) of `iterations`.
  public func phase(at iteration: Int, of iterations: Int) -> Phase {
    let progress = Double(iteration) / Double(max(iterations, 1))
    if progress < start { return Phase(imageShare: 1, momentum: Self.momentum) }
    guard progress < end else { return .finished }
    return Phase(imageShare: Float((end - progress) / (end - start)), momentum: Self.momentum)
  }
}
