import Autograd
import Tensors

/// Compares the features of a picture with those of its photo.
///
/// `mean((N(φ(y)) − N(φ(x)))²)` for output `y`, photo `x` and the features `φ` of a layer. `N` is the identity, or it
/// centres each channel over the picture and divides it by its standard deviation. This makes content independent of
/// the photo's colours and contrast, which belong to the style.
struct ContentLoss: FeatureTerm {
  /// The layer.
  let layer: VGG16Layer
  /// Whether `N` normalises the channels.
  let isNormalized: Bool

  let group = LossGroup.content
  let reference = FeatureReference.photo
  var factors: [FeatureSite: Double] { [FeatureSite(layer: layer, octave: 0): 1] }
  var definition: String {
    "MSE of \(layer.rawValue)" + (isNormalized ? ", each channel centred and scaled over the picture" : "")
  }

  func target(of feature: Variable, at site: FeatureSite, on tape: Tape) -> FeatureTarget {
    FeatureTarget(values: values(of: feature, on: tape).value)
  }

  func add(to losses: LossRecorder, weight: Double, feature: Variable, at site: FeatureSite, target: Tensor) {
    losses.addMeanSquaredError(
      to: LossName(group), weight: weight, values(of: feature, on: losses.tape), target: target)
  }

  private func values(of feature: Variable, on tape: Tape) -> Variable {
    guard isNormalized else { return feature }
    let channels = Shape([feature.value.shape.channels])
    let one = Variable(Tensor(channels, elements: [Float](repeating: 1, count: channels.count)))
    return tape.instanceNorm(feature, gamma: one, beta: Variable(Tensor(channels)))
  }
}
