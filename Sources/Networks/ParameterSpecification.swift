/// A parameter that a network expects.
public struct ParameterSpecification: Hashable, Sendable {
  /// Its name in the model file.
  public let name: String
  /// Its extents.
  public let shape: [Int]
  /// How it is initialised before training.
  public let initialization: Initialization
  /// Whether the optimizer changes it; false for statistics.
  public let isTrained: Bool

  init(name: String, shape: [Int], initialization: Initialization, isTrained: Bool = true) {
    self.name = name
    self.shape = shape
    self.initialization = initialization
    self.isTrained = isTrained
  }

  /// The initial values of a parameter.
  public enum Initialization: Hashable, Sendable {
    /// Uniform in ±1/√fanIn: PyTorch's default for convolutions.
    case uniform(fanIn: Int)
    /// For a 3×3 convolution in front of a pixel shuffle of `factor`: a random 1×1 convolution to the shuffled picture, its result
    /// enlarged by linear interpolation. `W[c·r² + i·r + j, k, y, x] = a[c, k]·l(i, y)·l(j, x)` with `a` uniform in ±1/√fanIn and
    /// `l` the weights with which the sample `(i + 1/2)/r − 1/2` lies between its neighbours.
    ///
    /// Random values for each place of the block would begin as a grid, and training takes long to wear it off. After A. Aitken et al.:
    /// Checkerboard artifact free sub-pixel convolution, 2017, which begins with nearest-neighbour enlargement.
    case interpolation(factor: Int, fanIn: Int)
    /// All the same.
    case constant(Float)
  }
}
