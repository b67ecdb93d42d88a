import Autograd
import Kernels
import Networks
import Tensors

/// The parameters of a network and the state of their optimizers.
///
/// ``MuonStep`` updates the weights of convolutions, which are matrices. Its momentum is stored as the first moment,
/// and the second moment stays 0. ``AdamStep`` updates all other parameters, and convolutions with only a few channels,
/// such as the last one.
final class TrainingState {
  /// The parameters and moments at one step.
  struct Snapshot {
    var parameters: [String: Tensor]
    var firstMoments: [String: Tensor]
    var secondMoments: [String: Tensor]

    /// Returns a deep copy.
    func copy() -> Snapshot {
      Snapshot(
        parameters: parameters.mapValues { $0.copy() }, firstMoments: firstMoments.mapValues { $0.copy() },
        secondMoments: secondMoments.mapValues { $0.copy() })
    }
  }

  private(set) var executor: NetworkExecutor
  private var firstMoments: [String: Tensor]
  private var secondMoments: [String: Tensor]

  /// Creates the state before the first step. Training changes `parameters` in place.
  convenience init(definition: NetworkDefinition, parameters: [String: Tensor]) {
    let trained = parameters.filter { Self.trainedNames(definition).contains($0.key) }
    self.init(
      definition: definition,
      Snapshot(
        parameters: parameters, firstMoments: trained.mapValues { Tensor($0.shape) },
        secondMoments: trained.mapValues { Tensor($0.shape) }))
  }

  /// Creates the state of a snapshot. Training changes its tensors in place.
  init(definition: NetworkDefinition, _ snapshot: Snapshot) {
    executor = NetworkExecutor(definition: definition, parameters: snapshot.parameters, trainable: true)
    firstMoments = snapshot.firstMoments
    secondMoments = snapshot.secondMoments
  }

  private static func trainedNames(_ definition: NetworkDefinition) -> Set<String> {
    Set(definition.parameters.lazy.filter(\.isTrained).map(\.name))
  }

  /// The current state, which shares its tensors with the snapshot.
  var current: Snapshot {
    Snapshot(
      parameters: executor.parameters.mapValues(\.value), firstMoments: firstMoments, secondMoments: secondMoments)
  }

  /// Restores a copy of `snapshot`.
  func restore(_ snapshot: Snapshot) {
    let copy = snapshot.copy()
    executor = NetworkExecutor(definition: executor.definition, parameters: copy.parameters, trainable: true)
    firstMoments = copy.firstMoments
    secondMoments = copy.secondMoments
  }

  /// The Euclidean norm of the gradient of all parameters.
  var gradientNorm: Double {
    var sum = 0.0
    for parameter in executor.parameters.values {
      guard let gradient = parameter.gradient else { continue }
      for value in gradient.buffer { sum += Double(value) * Double(value) }
    }
    return sum.squareRoot()
  }

  /// The learning rate of Muon as a multiple of that of Adam.
  static let muonRate: Float = 3
  /// The minimum number of rows and columns for Muon. A smaller matrix has few directions to orthogonalize.
  private static let minimumMatrixSide = 8

  /// Performs an optimizer step and clears the gradients.
  ///
  /// - Parameters:
  ///   - step: The number of the step, from 1.
  ///   - learningRate: The learning rate of Adam.
  ///   - gradientScale: The factor of the gradients.
  func update(step: Int, learningRate: Float, gradientScale: Float) {
    for (name, parameter) in executor.parameters {
      guard let gradient = parameter.gradient, let first = firstMoments[name], let second = secondMoments[name] else {
        continue
      }
      if gradientScale != 1 { for index in 0..<gradient.count { gradient.pointer[index] *= gradientScale } }
      if let matrix = Self.matrix(of: gradient.shape) {
        MuonStep.update(
          parameter.value.pointer, gradient: gradient.pointer, momentum: first.pointer, rows: matrix.rows,
          columns: matrix.columns, learningRate: Self.muonRate * learningRate)
      } else {
        AdamStep.update(
          parameter.value.pointer, gradient: gradient.pointer, firstMoment: first.pointer, secondMoment: second.pointer,
          count: gradient.count, step: step, learningRate: learningRate)
      }
      parameter.clearGradient()
    }
  }

  /// Returns the rows and columns of a convolution's weight, `[O, I, k, k]`, or nil for parameters that Adam updates.
  private static func matrix(of shape: Shape) -> (rows: Int, columns: Int)? {
    guard shape.rank == 4, shape.count > 0 else { return nil }
    let (rows, columns) = (shape.dimensions[0], shape.count / shape.dimensions[0])
    return min(rows, columns) >= minimumMatrixSide ? (rows, columns) : nil
  }

  /// The name of the first parameter, alphabetically, that has a non-finite value.
  var nonFiniteParameter: String? {
    executor.parameters.filter { !$0.value.value.buffer.allSatisfy(\.isFinite) }.keys.min()
  }
}
