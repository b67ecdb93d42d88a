import Autograd
import Imaging
import Tensors

/// The loss of a revised picture: how far it is from the draft with the fine strokes of the painting and the edges of
/// the frame.
///
/// `L = w_s·Σ_j mean((G_j(y) − G_j(s))²)/mean(G_j(s)²) + w_e·mean((φ₁(y) − φ₁(x))²)/mean(φ₁(s)²) + w_d·mean((R(y) −
/// d)²)/255²` for the output `y` and the frame `x` at full size, the draft `d` at canvas size, area reduction `R` to
/// the canvas, and the painting `s` enlarged by the same ratio as the draft. `φ` and `G` are VGG-16 features and their
/// Gram matrices, `j` runs over the layers `relu1_2` and `relu2_2`, whose receptive fields do not exceed that of a
/// revision, and `φ₁` is `relu1_2`.
///
/// The last term leaves large strokes to the draft and compensates for the blur of its enlargement. Chen et al. use
/// `relu4_1` for the same purpose: Towards Ultra-Resolution Neural Style Transfer via Thumbnail Instance Normalization,
/// AAAI 2022.
final class RevisionLoss {
  /// The weights of the style, edge and draft terms.
  private static let weights = (style: 0.25, edges: 1.0, draft: 3000.0)

  private let extractor: VGG16
  /// The Gram matrices of the painting and the inverses of their mean squares, for each ratio of frame size to canvas
  /// size.
  private let targets: [Int: [VGG16Layer: (gram: Tensor, scale: Double)]]
  private let edgeScale: Double

  /// Creates the loss for a painting.
  ///
  /// - Parameters:
  ///   - styleSize: The short side of the painting in the draft's objective, in pixels.
  ///   - ratios: The ratios of frame size to canvas size.
  init(extractor: VGG16, style: Picture, styleSize: Int, ratios: [Int], tape: Tape) {
    self.extractor = extractor
    var targets: [Int: [VGG16Layer: (gram: Tensor, scale: Double)]] = [:]
    var edges = 1.0
    for ratio in ratios {
      let painting = StyleImage.scaled(style, to: styleSize * ratio)
      var layers: [VGG16Layer: (gram: Tensor, scale: Double)] = [:]
      extractor.forEachFeature(of: Variable(painting.tensor()), upTo: .relu2_2, on: tape) { layer, feature in
        if layer == .relu1_2 { edges = feature.value.meanSquare }
        let gram = tape.gram(feature).value.copy()
        layers[layer] = (gram, 1 / gram.meanSquare)
      }
      targets[ratio] = layers
    }
    self.targets = targets
    edgeScale = 1 / edges
  }

  /// Computes the losses of `output` and adds their gradients to the gradient of `output`.
  ///
  /// - Parameters:
  ///   - output: The revised picture, `[N, H, W, 3]`.
  ///   - film: The full-size frame, `[N, H, W, 3]`.
  ///   - draft: The draft, `[N, H/ratio, W/ratio, 3]`.
  ///   - ratio: The ratio of frame size to canvas size.
  func callAsFunction(output: Variable, film: Tensor, draft: Tensor, ratio: Int, on tape: Tape) -> LossParts {
    let losses = LossRecorder(tape: tape)
    var edges: Variable?
    extractor.forEachFeature(of: Variable(film), upTo: .relu1_2, on: tape) { edges = $1 }
    extractor.forEachFeature(of: output, upTo: .relu2_2, on: tape) { layer, feature in
      if layer == .relu1_2, let edges {
        losses.addMeanSquaredError(
          to: LossName(.content), weight: Self.weights.edges * edgeScale, feature, target: edges.value)
      }
      guard let target = targets[ratio]?[layer] else { return }
      losses.addMeanSquaredError(
        to: .layer(layer), weight: Self.weights.style * target.scale, tape.gram(feature), target: target.gram)
    }
    let reduced = tape.areaReduced(output, height: draft.shape.height, width: draft.shape.width)
    losses.addMeanSquaredError(
      to: LossName(.content), weight: Self.weights.draft / (255 * 255), reduced, target: draft)
    return losses.parts
  }
}
