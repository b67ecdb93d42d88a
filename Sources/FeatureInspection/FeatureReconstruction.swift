import Autograd
import Imaging
import Tensors
import Threading
import Training

/// Finds what a layer keeps of a picture: another picture with the same features, or with the same statistics.
///
/// Starts from grey with a little noise and changes a `PyramidPicture` until the loss is small. For the picture `x`,
/// the result `y`, features `φ` and Gram matrices `G`:
///
/// - content: `mean((φ(y) − φ(x))²) / mean(φ(x)²)` of the layer
/// - texture: `Σ_j mean((G_j(y) − G_j(x))²) / mean(G_j(x)²)` of the layer and the last layers of the blocks before it
///
/// L. Gatys, A. Ecker, M. Bethge: A Neural Algorithm of Artistic Style, 2015, figure 1; A. Mahendran, A. Vedaldi:
/// Understanding Deep Image Representations by Inverting Them, CVPR 2015.
package struct FeatureReconstruction {
  /// What is to be the same.
  package enum Target: String, CaseIterable, Sendable {
    /// The features at each place.
    case content
    /// The products of channels, averaged over all places.
    case texture
  }

  private let extractor: VGG16
  private let pool: ComputePool

  /// The number of steps.
  package var steps = 256
  /// The seed of the first picture. The same seed gives the same picture.
  package var seed: UInt64 = 1

  private static let learningRate: Float = 0.05

  /// Creates a reconstruction from features of `extractor`.
  package init(extractor: VGG16, pool: ComputePool) {
    self.extractor = extractor
    self.pool = pool
  }

  /// Returns what `layer` keeps of `picture`, a picture of the same size.
  ///
  /// - Parameter progress: Called after each step with the number of steps and the loss before it. What it throws ends
  ///   the search.
  package func picture(
    of picture: Picture, _ target: Target, at layer: VGG16Activation,
    progress: (_ step: Int, _ loss: Double) throws -> Void
  ) rethrows -> Picture {
    let layers = target == .content ? [layer] : layer.oneOfEachBlock
    let goals = goals(for: picture, target, at: layers)
    let result = PyramidPicture(height: picture.height, width: picture.width, seed: seed)
    let optimizer = PyramidOptimizer(result)
    let allocator = TensorAllocator()
    for step in 0..<steps {
      let tape = Tape(pool: pool, allocator: allocator)
      var loss = 0.0
      extractor.forEachActivation(of: result(on: tape), upTo: layer, on: tape) { reached, features in
        guard let goal = goals[reached] else { return }
        let values = target == .content ? features : tape.gram(features)
        loss += goal.scale * tape.meanSquaredError(values, target: goal.values, weight: Float(goal.scale))
      }
      tape.backward()
      // The last half settles down: details need small steps.
      let rest = Float(steps - step) / Float(max(1, steps / 2))
      optimizer.update(learningRate: Self.learningRate * min(1, rest))
      try progress(step + 1, loss)
    }
    return Picture(tensor: result(on: Tape(pool: pool, allocator: allocator)).value)
  }

  /// What is to be reached at each layer, and the inverse of its mean square.
  private func goals(
    for picture: Picture, _ target: Target, at layers: [VGG16Activation]
  ) -> [VGG16Activation: (values: Tensor, scale: Double)] {
    var goals: [VGG16Activation: (values: Tensor, scale: Double)] = [:]
    guard let last = layers.max() else { return goals }
    let tape = Tape(pool: pool, allocator: TensorAllocator())
    extractor.forEachActivation(of: Variable(picture.tensor()), upTo: last, on: tape) { layer, features in
      guard layers.contains(layer) else { return }
      let values = (target == .content ? features : tape.gram(features)).value.copy()
      let meanSquare = values.buffer.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(values.count, 1))
      goals[layer] = (values, 1 / max(meanSquare, .leastNormalMagnitude))
    }
    return goals
  }
}
