import Imaging
import Kernels
import Tensors
import Threading

/// Measures how much painted frames look like the painting, whatever the film's size.
///
/// Frame, painted frame and painting are reduced by area averaging to 256 and to 128 lines on their short sides, so that shapes are
/// compared by their size within the picture. A band's distance is `d = mean((G − G_s)²) / mean(G_s²)` with Gram matrices `G` of VGG-16
/// features, its score `100 (1 − d(painted) / d(frame))`:
///
/// - fine: `relu2_2` at 256 lines, which sees 5 % of the picture's height;
/// - stroke: `relu3_3` at 256 lines, 16 %;
/// - form: the mean of `relu3_3` at 128 lines and `relu4_3` at 256, about a third.
///
/// Content is the ``NormalizedCosine`` of painted frame and frame at `relu4_1` and 256 lines. The others are the painted frame's as a
/// share of the painting's: contrast, the deviation of the brightness at 450 lines behind a blur of 8 pixels; chroma, the 95th
/// percentile of ``OKLabChroma`` at 256 lines; grain, the deviation of what a blur of 2 pixels takes from the brightness at 450 lines, of
/// the painted frame in that fifth of its area where the frame has least of it.
public final class LikenessEvaluator {
  /// A frame as it is before it is painted.
  public struct Frame {
    let statistics: LikenessStatistics
    /// Each band's distance from the painting.
    let distances: [Double]
    /// Whether a pixel of the brightness belongs to the flattest fifth.
    let isFlat: [Bool]
  }

  /// What keeps scores finite where the frame is the painting, or the painting has nothing of what is compared.
  private static let leastDivisor = 1e-6

  private let extractor: VGG16
  private let pool: ComputePool
  private let painting: LikenessStatistics
  private let paintingContrast: Double
  private let paintingGrain: Double

  /// An evaluator for a painting.
  public init(extractor: VGG16, painting: Picture, pool: ComputePool) {
    self.extractor = extractor
    self.pool = pool
    self.painting = LikenessStatistics(painting, extractor: extractor, pool: pool)
    paintingContrast = Self.contrast(self.painting.luma, pool)
    paintingGrain = Plane.deviation(self.painting.luma.detail(pool: pool).values)
  }

  /// What painted frames are compared with.
  public func frame(_ picture: Picture) -> Frame {
    let statistics = LikenessStatistics(picture, extractor: extractor, pool: pool)
    var energy = statistics.luma.detail(pool: pool)
    for index in energy.values.indices { energy.values[index] *= energy.values[index] }
    energy = energy.blurred(deviation: 8, pool: pool)
    let limit = Plane.quantile(energy.values, 0.2)
    return Frame(
      statistics: statistics, distances: distances(statistics), isFlat: energy.values.map { $0 <= limit })
  }

  /// The likeness of `painted`, which was made of `frame` and has its shape.
  public func likeness(of painted: Picture, from frame: Frame) -> Likeness {
    let statistics = LikenessStatistics(painted, extractor: extractor, pool: pool)
    let scores = zip(distances(statistics), frame.distances).map { 100 * (1 - Self.share($0, of: $1)) }
    precondition(
      statistics.content.shape == frame.statistics.content.shape && statistics.luma.values.count == frame.isFlat.count,
      "a painted frame of another shape than its frame")
    let shape = statistics.content.shape
    let content = withExtendedLifetime((statistics, frame)) {
      NormalizedCosine.forward(
        statistics.content.pointer, frame.statistics.content.pointer, pixels: shape.height * shape.width,
        channels: shape.channels, pool: pool)
    }
    let grain = zip(statistics.luma.detail(pool: pool).values, frame.isFlat).lazy.filter(\.1).map(\.0)
    return Likeness(
      fine: scores[0], stroke: scores[1], form: (scores[2] + scores[3]) / 2, content: content,
      contrast: Self.share(Self.contrast(statistics.luma, pool), of: paintingContrast),
      chroma: Self.share(statistics.chroma, of: painting.chroma),
      grain: Self.share(Plane.deviation(grain), of: paintingGrain))
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

  private static func share(_ value: Double, of whole: Double) -> Double { value / max(whole, leastDivisor) }
}
