import Autograd
import Imaging
import Tensors

/// How far a revised picture is from having the painting's fine strokes and the film's edges on its draft.
///
/// `L = w_s·Σ_j mean((G_j(y) − G_j(s))²)/mean(G_j(s)²) + w_e·mean((φ₁(y) − φ₁(x))²)/mean(φ₁(s)²) + w_d·mean((R(y) − d)²)/255²` for
/// output `y` and film `x` at film size, draft `d` on its canvas, area reduction `R` to the canvas, and painting `s` enlarged as the
/// draft is. `φ` and `G` are features of VGG-16 and their Gram matrices, `j` the layers `relu1_2` and `relu2_2`, whose fields are not
/// larger than a revision's, and `φ₁` is `relu1_2`.
///
/// The last part makes up for the blur of enlargement and leaves large strokes to the draft. Chen et al. ask the same of `relu4_1`:
/// Towards Ultra-Resolution Neural Style Transfer via Thumbnail Instance Normalization, AAAI 2022.
final class RevisionLoss {
  /// The weights of style, edges and draft.
  private static let weights = (style: 0.25, edges: 1.0, draft: 3000.0)

  private let extractor: VGG16
  /// The Gram matrices of the painting at each ratio of film to canvas, and their mean squares.
  private let targets: [Int: [VGG16Layer: (gram: Tensor, scale: Double)]]
  private let edgeScale: Double

  /// The loss for a painting that is shown at `styleSize` pixels on its short side to the draft, for films `ratios` times the canvas.
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

  /// The parts for `output`, `[N, H, W, 3]`, revised from `draft`, `[N, H/ratio, W/ratio, 3]`, beside `film`; seeds the gradient of `output`.
  func callAsFunction(output: Variable, film: Tensor, draft: Tensor, ratio: Int, on tape: Tape) -> LossParts {
    var parts = LossParts(content: 0, styleLayers: [:], totalVariation: 0)
    var edges: Variable?
    extractor.forEachFeature(of: Variable(film), upTo: .relu1_2, on: tape) { edges = $1 }
    extractor.forEachFeature(of: output, upTo: .relu2_2, on: tape) { layer, feature in
      if layer == .relu1_2, let edges {
        let weight = Self.weights.edges * edgeScale
        parts.content += weight * tape.meanSquaredError(feature, target: edges.value, weight: Float(weight))
      }
      guard let target = targets[ratio]?[layer] else { return }
      let weight = Self.weights.style * target.scale
      parts.styleLayers[layer] =
        weight * tape.meanSquaredError(tape.gram(feature), target: target.gram, weight: Float(weight))
    }
    let weight = Self.weights.draft / (255 * 255)
    let reduced = tape.areaReduced(output, height: draft.shape.height, width: draft.shape.width)
    parts.content += weight * tape.meanSquaredError(reduced, target: draft, weight: Float(weight))
    return parts
  }
}

extension Tensor {
  /// The mean of the squares of all elements, never 0.
  var meanSquare: Double {
    let sum = buffer.reduce(0.0) { $0 + Double($1) * Double($1) }
    return max(sum / Double(max(count, 1)), .leastNormalMagnitude)
  }
}
