import Imaging
import Kernels
import Tensors
import Threading

/// Measures how closely stylized frames resemble the painting, independently of the video's size.
///
/// The frame, the stylized frame and the painting are reduced by area averaging to short sides of 256 and 128 lines, so
/// that shapes are compared at their size relative to the picture. The distance in a band is
/// `d = mean((G − G_s)²) / mean(G_s²)`, where `G` are Gram matrices of VGG-16 features, and the score is
/// `100 (1 − d(stylized) / d(frame))`:
///
/// - fine: `relu2_2` at 256 lines, whose receptive field is 5 % of the picture height;
/// - stroke: `relu3_3` at 256 lines, 16 %;
/// - form: the mean of `relu3_3` at 128 lines and `relu4_3` at 256 lines, about a third.
///
/// Content is the ``NormalizedCosine`` of the stylized frame and the frame at `relu4_1` and 256 lines. The other
/// figures are values of the stylized frame divided by those of the painting:
///
/// - contrast: the standard deviation of the luma at 450 lines after a Gaussian blur of 8 pixels;
/// - chroma: the 95th percentile of ``OKLabChroma`` at 256 lines;
/// - highFrequency: the standard deviation of the high frequencies, which a Gaussian blur of 2 pixels removes from the
///   luma at 450 lines. For the stylized frame it is taken over the fifth of the area where the frame has the least
///   high-frequency energy.
package final class LikenessEvaluator {
  /// The statistics of a frame before stylization.
  package struct Frame {
    let statistics: LikenessStatistics
    /// The distance from the painting in each band.
    let distances: [Double]
    /// Whether a pixel of the luma plane belongs to the flattest fifth.
    let isFlat: [Bool]
  }

  /// Keeps quotients finite if the frame is the painting or a statistic of the painting is 0.
  private static let minimumDivisor = 1e-6

  private let extractor: VGG16
  private let pool: ComputePool
  private let painting: LikenessStatistics
  private let paintingContrast: Double
  private let paintingHighFrequency: Double

  /// Creates an evaluator for a painting.
  package init(extractor: VGG16, painting: Picture, pool: ComputePool) {
    self.extractor = extractor
    self.pool = pool
    self.painting = LikenessStatistics(painting, extractor: extractor, pool: pool)
    paintingContrast = Self.contrast(self.painting.luma, pool)
    paintingHighFrequency = Plane.deviation(self.painting.luma.highFrequencies(pool: pool).values)
  }

  /// Computes the statistics of a frame, with which its stylized version is compared.
  package func frame(_ picture: Picture) -> Frame {
    let statistics = LikenessStatistics(picture, extractor: extractor, pool: pool)
    var energy = statistics.luma.highFrequencies(pool: pool)
    for index in energy.values.indices { energy.values[index] *= energy.values[index] }
    energy = energy.blurred(deviation: 8, pool: pool)
    let limit = Plane.quantile(energy.values, 0.2)
    return Frame(
      statistics: statistics, distances: distances(statistics), isFlat: energy.values.map { $0 <= limit })
  }

  /// Measures `painted`, the stylized version of `frame`. Both must have the same size after reduction.
  package func likeness(of painted: Picture, from frame: Frame) -> Likeness {
    let statistics = LikenessStatistics(painted, extractor: extractor, pool: pool)
    let scores = zip(distances(statistics), frame.distances).map { 100 * (1 - Self.share($0, of: $1)) }
    precondition(
      statistics.content.shape == frame.statistics.content.shape && statistics.luma.values.count == frame.isFlat.count,
      "the painted frame and its frame differ in shape")
    let shape = statistics.content.shape
    let content = withExtendedLifetime((statistics, frame)) {
      NormalizedCosine.forward(
        statistics.content.pointer, frame.statistics.content.pointer, pixels: shape.height * shape.width,
        channels: shape.channels, pool: pool)
    }
    let flatHighFrequencies = zip(statistics.luma.highFrequencies(pool: pool).values, frame.isFlat).lazy
      .filter(\.1).map(\.0)
    return Likeness(
      fine: scores[0], stroke: scores[1], form: (scores[2] + scores[3]) / 2, content: content,
      contrast: Self.share(Self.contrast(statistics.luma, pool), of: paintingContrast),
      chroma: Self.share(statistics.chroma, of: painting.chroma),
      highFrequency: Self.share(Plane.deviation(flatHighFrequencies), of: paintingHighFrequency))
  }

  private func distances(_ statistics: LikenessStatistics) -> [Double] {
    zip(statistics.grams, painting.grams).map { gram, wanted in
      let (gram, wanted) = (gram.elements, wanted.elements)
      var (difference, energy) = (0.0, 0.0)
      for (value, target) in zip(gram, wanted) {
        difference += Double(value - target) * Double(value - target)
        energy += Double(target) * Double(target)
      }
      return Self.share(difference, of: energy)
    }
  }

  private static func contrast(_ luma: Plane, _ pool: ComputePool) -> Double {
    Plane.deviation(luma.blurred(deviation: 8, pool: pool).values)
  }

  private static func share(_ value: Double, of whole: Double) -> Double { value / max(whole, minimumDivisor) }
}
