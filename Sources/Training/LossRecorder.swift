import Autograd
import Tensors

/// Records losses on a tape and adds up what they are reported as.
///
/// A loss gets its weight here, once for its gradient and its reported value.
final class LossRecorder {
  /// The tape that records the losses.
  let tape: Tape
  /// The share of the batch whose losses are recorded, which multiplies every weight: a mean over these images becomes
  /// a part of the mean over the batch.
  private let share: Double
  /// The weighted losses so far.
  private(set) var parts = LossParts()

  /// Creates a recorder without losses.
  init(tape: Tape, share: Double = 1) {
    self.tape = tape
    self.share = share
  }

  /// Adds `weight·scale·loss` to the part `name`.
  ///
  /// - Parameters:
  ///   - weight: The weight of the loss.
  ///   - scale: A further factor, which belongs to the definition of the loss.
  ///   - loss: Computes the loss and adds its gradient, times its argument, to the gradients of its inputs. Returns the
  ///     loss without a weight, as the losses of `Tape` do.
  func add(to name: LossName, weight: Double, scale: Double = 1, _ loss: (_ weight: Float) -> Double) {
    let weight = weight * share
    parts.add(weight * (scale * loss(Float(weight * scale))), to: name)
  }

  /// Adds `weight·scale·mean((prediction − target)²)` to the part `name`. See ``add(to:weight:scale:_:)``.
  func addMeanSquaredError(
    to name: LossName, weight: Double, scale: Double = 1, _ prediction: Variable, target: Tensor
  ) {
    add(to: name, weight: weight, scale: scale) { tape.meanSquaredError(prediction, target: target, weight: $0) }
  }

  /// Adds losses that are recorded elsewhere, part by part.
  func add(_ losses: LossParts) { parts = parts + losses }
}
