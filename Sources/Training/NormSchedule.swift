/// Schedules the transition of batch norms from the statistics of each image to running statistics.
///
/// Instance normalisation trains fast. But its statistics change with every frame, so brightness fluctuates in a video,
/// and the norm cannot be folded into a convolution. A network trained with one kind of statistics and run with the
/// other loses quality. Therefore the weight of the image's statistics falls linearly from 1 to 0 while the running
/// statistics follow those of the images. After that the running statistics are constant, and the rest of the training
/// fits the weights to the exact function of the finished network. Blending towards fixed statistics follows S. Ioffe:
/// Batch Renormalization, 2017.
public struct NormSchedule: Codable, Hashable, Sendable {
  /// The share of the iterations after which the weight of the image's statistics starts to fall, 0…1.
  public var start: Double
  /// The share of the iterations after which the running statistics are constant, from ``start`` to 1.
  public var end: Double

  /// The momentum of the running statistics while they change; PyTorch's default.
  public static let momentum: Float = 0.1

  /// The behaviour of the norms in one step.
  public struct Phase: Hashable, Sendable {
    /// The weight of the image's own statistics.
    public var imageShare: Float
    /// How far the running statistics move towards those of the batch.
    public var momentum: Float

    /// Constant running statistics, as in the finished network.
    public static let finished = Phase(imageShare: 0, momentum: 0)

    /// Creates a phase from a weight and a momentum, each 0…1.
    public init(imageShare: Float, momentum: Float) {
      self.imageShare = imageShare
      self.momentum = momentum
    }
  }

  /// Creates a schedule. The defaults suit a network that starts from random values.
  public init(start: Double = 0.3, end: Double = 0.6) {
    self.start = start
    self.end = end
  }

  /// The schedule for a network that starts from a base model. Its statistics only have to adapt to the new style.
  public static let fromBase = NormSchedule(start: 0, end: 0.3)

  /// Returns the phase at `iteration`, from 0, of `iterations`.
  public func phase(at iteration: Int, of iterations: Int) -> Phase {
    let progress = Double(iteration) / Double(max(iterations, 1))
    if progress < start { return Phase(imageShare: 1, momentum: Self.momentum) }
    guard progress < end else { return .finished }
    return Phase(imageShare: Float((end - progress) / (end - start)), momentum: Self.momentum)
  }
}
