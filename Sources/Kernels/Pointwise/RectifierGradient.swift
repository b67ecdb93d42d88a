import Threading

/// What the backward pass of a ReLU `y = max(x, 0)` makes of the gradient `g` of its output.
///
/// Only ``exact`` is a gradient. The others show what in a picture made a neuron fire, because they leave out what
/// would have made it fire less.
package enum RectifierGradient: String, CaseIterable, Sendable {
  /// `g` where `x > 0`, else 0: the gradient. K. Simonyan, A. Vedaldi, A. Zisserman: Deep Inside Convolutional
  /// Networks: Visualising Image Classification Models and Saliency Maps, 2013.
  case exact
  /// `max(g, 0)`, whatever `x` was: a ReLU on the way back. M. Zeiler, R. Fergus: Visualizing and Understanding
  /// Convolutional Networks, ECCV 2014.
  case deconvolution
  /// `max(g, 0)` where `x > 0`, else 0: both. J. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller: Striving for
  /// Simplicity: The All Convolutional Net, 2014.
  case guided
}

extension Pointwise {
  /// Computes `dInput` of a ReLU from its `output` by the rule `rule`; `dInput` may be `dOutput`.
  package static func backward(
    rectifier rule: RectifierGradient, output: UnsafePointer<Float>, dOutput: UnsafePointer<Float>,
    dInput: UnsafeMutablePointer<Float>, count: Int, pool: ComputePool
  ) {
    forEachChunk(count, pool) { range in
      var index = range.lowerBound
      while index < range.upperBound {
        let length = min(laneCount, range.upperBound - index)
        let gradient = load(dOutput + index, count: length)
        let passed = rule == .exact ? gradient : rectified(gradient)
        let isOpen = load(output + index, count: length) .> Lanes.zero
        store(
          rule == .deconvolution ? passed : Lanes.zero.replacing(with: passed, where: isOpen), dInput + index,
          count: length)
        index += laneCount
      }
    }
  }
}
