import Tensors

/// Lowers a function of many variables step by step.
///
/// Vectors are tensors of one shape, so that the pixels of a picture need no copy.
package protocol PixelMinimizer: AnyObject {
  /// Returns the function's value at `point` and writes its gradient. An error ends the step that asked.
  typealias Evaluation = (_ point: Tensor, _ gradient: Tensor) throws -> Double

  /// The best point so far. The next step may overwrite it.
  var best: Tensor { get }
  /// The function's value at ``best``.
  var bestValue: Double { get }
  /// The number of evaluations so far.
  var evaluations: Int { get }

  /// Takes one step.
  ///
  /// - Returns: False if no step lowers the function any more, or if its value is not finite.
  /// - Throws: The errors of `objective`. The state is then that before the step.
  func step(_ objective: Evaluation) throws -> Bool

  /// All that the next steps depend on, for a checkpoint.
  var state: MinimizerState { get }
}

/// The state of a ``PixelMinimizer`` between two steps.
package struct MinimizerState {
  /// The vectors by name.
  package var vectors: [String: Tensor]
  /// The numbers by name.
  package var numbers: [String: Double]

  /// Creates a state.
  package init(vectors: [String: Tensor], numbers: [String: Double]) {
    self.vectors = vectors
    self.numbers = numbers
  }
}
