/// A parameter of a network.
public struct ParameterSpecification: Hashable, Sendable {
  /// The name in the model file.
  public let name: String
  /// The shape.
  public let shape: [Int]
  /// The initial values for training.
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
    /// Uniform in ±1/√fanIn, PyTorch's default for convolutions.
    case uniform(fanIn: Int)
    /// For a 3×3 convolution before a pixel shuffle by `factor`: a random 1×1 convolution whose result is enlarged by
    /// linear interpolation. `W[c·r² + i·r + j, k, y, x] = a[c, k]·l(i, y)·l(j, x)`, where `a` is uniform in ±1/√fanIn
    /// and `l` are the interpolation weights of the sample at `(i + 1/2)/r − 1/2` between its neighbours.
    ///
    /// Independent random values for each position of the block would start as a grid pattern, which takes long to
    /// train away. After A. Aitken et al.: Checkerboard artifact free sub-pixel convolution, 2017, which starts from
    /// nearest-neighbour enlargement.
    case interpolation(factor: Int, fanIn: Int)
    /// The same value for all elements.
    case constant(Float)
  }
}
