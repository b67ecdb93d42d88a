import Autograd
import Tensors

/// Compares the Gram matrices of a picture's features with those of the painting's.
///
/// `Σ_o Σ_j o·a_j·mean((G_j(y_o) − G_j(s_o))²)` for output `y` and painting `s` at octave `o` and the Gram matrices
/// `G_j` of the features of layer `j`, which are `[C, C]`. A relative loss divides each term by `mean(G_j(s_o)²)`. This
/// makes the layers comparable: without it `relu4_3`, the only layer whose receptive field exceeds 40 pixels,
/// contributes a hundred-thousandth of the sum, and large shapes are not learned.
struct GramLoss: FeatureTerm {
  let group = LossGroup.style
  let reference = FeatureReference.painting
  let names: [LossName]
  let factors: [FeatureSite: Double]
  let definition: String
  /// Whether losses are divided by the painting's mean squares.
  let isRelative: Bool

  /// Creates the term.
  ///
  /// - Parameters:
  ///   - layers: The layers `j` and their weights `a_j`.
  ///   - octaves: The weights of the octaves. The first is that of the picture's own size, and each following picture
  ///     is half as large.
  ///   - isRelative: Whether losses are divided by the painting's mean squares.
  ///   - definition: The formula in words.
  init(layers: KeyValuePairs<VGG16Layer, Double>, octaves: [Double], isRelative: Bool, definition: String) {
    names = layers.map { .layer($0.key) }
    var factors: [FeatureSite: Double] = [:]
    for (octave, share) in octaves.enumerated() {
      for (layer, weight) in layers { factors[FeatureSite(layer: layer, octave: octave)] = share * weight }
    }
    self.factors = factors
    self.isRelative = isRelative
    self.definition = definition
  }

  func target(of feature: Variable, at site: FeatureSite, on tape: Tape) -> FeatureTarget {
    let gram = tape.gram(feature).value.copy()
    return FeatureTarget(values: gram, scale: isRelative ? 1 / gram.meanSquare : 1)
  }

  func add(to losses: LossRecorder, weight: Double, feature: Variable, at site: FeatureSite, target: Tensor) {
    losses.addMeanSquaredError(to: .layer(site.layer), weight: weight, losses.tape.gram(feature), target: target)
  }
}

extension Tensor {
  /// The mean of the squares of all elements, at least the smallest positive normal number.
  var meanSquare: Double {
    let sum = buffer.reduce(0.0) { $0 + Double($1) * Double($1) }
    return max(sum / Double(max(count, 1)), .leastNormalMagnitude)
  }
}
