import Kernels
import Tensors
import Threading

/// L-BFGS on the pixels of a picture at one size.
package final class SlowMethod {
  private let loss: PictureLoss
  private let minimizer: LBFGS

  /// The losses of the latest evaluation.
  package private(set) var losses = LossParts()

  /// Creates the method and evaluates `loss` at `start`, `[1, H, W, 3]`.
  ///
  /// - Throws: The errors of `loss`.
  package init(loss: PictureLoss, start: Tensor, pool: ComputePool) throws {
    self.loss = loss
    var first = LossParts()
    minimizer = try LBFGS(start: start, pool: pool) { point, gradient in
      first = try loss(point, gradient: gradient)
      return first.total
    }
    losses = first
  }

  /// Takes a step. Returns false if no step lowers the loss any more.
  package func step() throws -> Bool {
    try minimizer.step { point, gradient in
      losses = try loss(point, gradient: gradient)
      return losses.total
    }
  }

  /// The loss of the current picture.
  package var value: Double { minimizer.bestValue }
  /// The current picture, `[1, H, W, 3]`. The next step may overwrite it.
  package var picture: Tensor { minimizer.best }
  /// The number of evaluations so far.
  package var evaluations: Int { minimizer.evaluations }
}
