import Autograd
import Kernels
import Tensors
import Threading

/// What a painting, or a mixture of paintings, asks of a picture.
struct PaintingStatistics {
  /// The Gram matrices, `[C, C]`.
  var grams: [FeatureSite: [Double]]
  /// The second moments of the colours, `[4, 4]`, see ``ColourMoments``, over the number of pixels.
  var colours: [Double]
  /// The mean and the standard deviation of the luma of blocks.
  var tone: (mean: Double, deviation: Double)

  /// Measures a painting.
  ///
  /// - Parameters:
  ///   - painting: The painting, `[1, H, W, 3]`, RGB 0…255.
  ///   - plane: The weights of its pixels; nil for 1.
  init(painting: Tensor, plane: RegionPlane?, terms: PictureTerms, extractor: TiledExtractor) {
    let pool = extractor.pool
    grams = [:]
    let pictureTape = extractor.tape()
    var picture = Variable(painting)
    var octave = 0
    for next in terms.octaves {
      while octave < next {
        picture = pictureTape.halved(picture)
        octave += 1
      }
      let sites = terms.sites(ofOctave: octave).filter { terms.styles[$0] != nil }
      guard !sites.isEmpty else { continue }
      var sums = FeatureSums()
      for tile in extractor.tiles(of: picture.value, at: sites) {
        let tape = extractor.tape()
        extractor.forEachFeature(of: tile, picture.value, at: sites, requiresGradient: false, on: tape) {
          sums.addGrams(of: $0, in: [plane], on: tape)
        }
      }
      for site in sites { grams[site] = sums.gram(at: site, region: 0) }
    }
    let pixels = painting.count / 3
    colours = withExtendedLifetime((painting, plane)) {
      let sums = ColourMoments.forward(
        painting.pointer, weights: plane.map { UnsafePointer($0.weights.pointer) }, pixels: pixels, pool: pool)
      return sums.map { $0 / max(sums[15], FeatureSums.minimumWeight) }
    }
    let blocks = PaintingTone.blocks(
      of: Variable(painting), PaintingTone.lumaWeight, Variable(Tensor(Shape([1]))), on: pictureTape
    ).value
    tone = Self.moments(blocks, plane)
  }

  private init(
    grams: [FeatureSite: [Double]], colours: [Double], tone: (mean: Double, deviation: Double)
  ) {
    self.grams = grams
    self.colours = colours
    self.tone = tone
  }

  /// Returns the mean and the standard deviation, at least 1, of blocks `[1, h, w, 1]` weighted by `plane`.
  static func moments(_ blocks: Tensor, _ plane: RegionPlane?) -> (mean: Double, deviation: Double) {
    guard let plane else { return PaintingTone.moments(blocks.elements) }
    let weights = plane.reduced(height: blocks.shape.height, width: blocks.shape.width).elements
    let values = blocks.elements
    let total = max(weights.reduce(0.0) { $0 + Double($1) }, FeatureSums.minimumWeight)
    let mean = zip(values, weights).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / total
    let variance = zip(values, weights).reduce(0.0) {
      $0 + Double($1.1) * (Double($1.0) - mean) * (Double($1.0) - mean)
    }
    return (mean, max((variance / total).squareRoot(), 1))
  }

  /// Returns the weighted mean of several paintings' statistics. The shares need not add up to 1; at least one is
  /// positive.
  static func mixture(_ parts: [(share: Double, statistics: PaintingStatistics)]) -> PaintingStatistics {
    let total = parts.reduce(0) { $0 + $1.share }
    func mean(_ values: (PaintingStatistics) -> [Double]) -> [Double] {
      var sums = [Double](repeating: 0, count: parts.first.map { values($0.statistics).count } ?? 0)
      for part in parts {
        for (index, value) in values(part.statistics).enumerated() { sums[index] += part.share / total * value }
      }
      return sums
    }
    var grams: [FeatureSite: [Double]] = [:]
    for site in parts.first?.statistics.grams.keys.map({ $0 }) ?? [] { grams[site] = mean { $0.grams[site] ?? [] } }
    let tone = mean { [$0.tone.mean, $0.tone.deviation] }
    return PaintingStatistics(grams: grams, colours: mean(\.colours), tone: (tone[0], tone[1]))
  }
}
