import Autograd
import Kernels
import Networks
import Tensors

/// What the optimizers change: a network's parameters, and their moments.
///
/// Weights of convolutions are matrices and learned by ``MuonStep``, whose momentum is the first moment; the second stays 0. All other
/// parameters, and convolutions that make only a few channels, such as the picture's, are learned by ``AdamStep``.
final class TrainingState {
  /// Copies of everything, for a way back.
  struct Snapshot {
    var parameters: [String: Tensor]
    var firstMoments: [String: Tensor]
    var secondMoments: [String: Tensor]

    /// Tensors of its own.
    func copy() -> Snapshot {
      Snapshot(
        parameters: parameters.mapValues { $0.copy() }, firstMoments: firstMoments.mapValues { $0.copy() },
        secondMoments: secondMoments.mapValues { $0.copy() })
    }
  }

  private(set) var executor: NetworkExecutor
  private var firstMoments: [String: Tensor]
  private var secondMoments: [String: Tensor]

  /// The state before the first step; `parameters` are changed in place.
  convenience init(definition: NetworkDefinition, parameters: [String: Tensor]) {
    let trained = parameters.filter { Self.trainedNames(definition).contains($0.key) }
    self.init(
      definition: definition,
      Snapshot(
        parameters: parameters, firstMoments: trained.mapValues { Tensor($0.shape) },
        secondMoments: trained.mapValues { Tensor($0.shape) }))
  }

  /// The state of a snapshot, whose tensors are changed in place.
  init(definition: NetworkDefinition, _ snapshot: Snapshot) {
    executor = NetworkExecutor(definition: definition, parameters: snapshot.parameters, trainable: true)
    firstMoments = snapshot.firstMoments
    secondMoments = snapshot.secondMoments
  }

  private static func trainedNames(_ definition: NetworkDefinition) -> Set<String> {
    Set(definition.parameters.lazy.filter(\.isTrained).map(\.name))
  }

  /// The tensors themselves, not copies.
  var current: Snapshot {
    Snapshot(
      parameters: executor.parameters.mapValues(\.value), firstMoments: firstMoments, secondMoments: secondMoments)
  }

  /// Goes back to `snapshot`, which stays as it is.
  func restore(_ snapshot: Snapshot) {
    let copy = snapshot.copy()
    executor = NetworkExecutor(definition: executor.definition, parameters: copy.parameters, trainable: true)
    firstMoments = copy.firstMoments
    secondMoments = copy.secondMoments
  }

  /// The Euclidean norm of all gradients together.
  var gradientNorm: Double {
    var sum = 0.0
    for parameter in executor.parameters.values {
      guard let gradient = parameter.gradient else { continue }
      for value in gradient.buffer { sum += Double(value) * Double(value) }
    }
    return sum.squareRoot()
  }

  /// Muon's rate as a multiple of Adam's.
  static let muonRate: Float = 3
  /// Matrices with fewer rows or columns have few directions to tell apart.
  private static let leastDirections = 8

  /// Step `step` (from 1) with `gradientScale` times the gradients that the parameters have, which it clears.
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

  /// The rows and columns of a convolution's weights `[O, I, k, k]`, nil for parameters that are learned number by number.
  private static func matrix(of shape: Shape) -> (rows: Int, columns: Int)? {
    guard shape.rank == 4, shape.count > 0 else { return nil }
    let (rows, columns) = (shape.dimensions[0], shape.count / shape.dimensions[0])
    return min(rows, columns) >= leastDirections ? (rows, columns) : nil
  }

  /// The first parameter, by name, that is not a finite number.
  var nonFiniteParameter: String? {
    executor.parameters.filter { !$0.value.value.buffer.allSatisfy(\.isFinite) }.keys.min()
  }
}
