import Autograd
import Kernels
import Tensors
import Threading

/// Sums over the features of a picture: Gram matrices in each region, and moments together with the photo's features.
struct FeatureSums {
  /// The sums of the Gram matrices, `Σ w·f·fᵀ / C`, `[C, C]`, of each region.
  private(set) var grams: [FeatureSite: [[Double]]] = [:]
  /// The sums of the weights in each region.
  private(set) var weights: [FeatureSite: [Double]] = [:]
  /// The sums of ``FeatureRegion/addMoments(_:with:to:pool:)``, `[4, C]`.
  private(set) var moments: [FeatureSite: [Double]] = [:]

  /// The least weight of a region, which keeps quotients finite where a region has no pixel of a layer.
  static let minimumWeight = 1e-6

  /// Returns the square roots of the weights of the core of `found` in a region; nil where all weights are 1.
  static func factors(of found: TileFeature, in plane: RegionPlane?) -> Tensor? {
    guard let plane else { return nil }
    let reduced = plane.reduced(height: found.height, width: found.width)
    let result = Tensor(Shape([found.core.pixels]), zeroed: false)
    var place = 0
    for row in found.rows {
      for column in found.columns {
        result.pointer[place] = max(0, reduced.pointer[row * found.width + column]).squareRoot()
        place += 1
      }
    }
    return result
  }

  /// Returns the features of the core, times `factors`, as `[P, C]`.
  static func core(of found: TileFeature, factors: Tensor?, on tape: Tape) -> Tensor {
    if found.isWhole, factors == nil { return found.feature.value }
    let core = Tensor(Shape([found.core.pixels, found.channels]), zeroed: false, allocator: tape.allocator)
    withExtendedLifetime(factors) {
      found.core.gather(
        found.feature.value.pointer, factors: factors.map { UnsafePointer($0.pointer) }, into: core.pointer,
        pool: tape.pool)
    }
    return core
  }

  /// Adds the Gram matrices of `found` in each region.
  mutating func addGrams(of found: TileFeature, in regions: [RegionPlane?], on tape: Tape) {
    let (pixels, channels) = (found.core.pixels, found.channels)
    var sums = grams[found.site] ?? regions.map { _ in [Double](repeating: 0, count: channels * channels) }
    var total = weights[found.site] ?? [Double](repeating: 0, count: regions.count)
    grams[found.site] = nil
    for (index, plane) in regions.enumerated() {
      let factors = Self.factors(of: found, in: plane)
      let core = Self.core(of: found, factors: factors, on: tape)
      let gram = tape.gram(Variable(core.reshaped(Shape(batch: 1, height: 1, width: pixels, channels: channels)))).value
      for place in 0..<gram.count { sums[index][place] += Double(gram.pointer[place]) * Double(pixels) }
      total[index] += factors.map { $0.buffer.reduce(0.0) { $0 + Double($1) * Double($1) } } ?? Double(pixels)
    }
    (grams[found.site], weights[found.site]) = (sums, total)
  }

  /// Adds the moments of `found` together with `reference`, the photo's features of the core.
  mutating func addMoments(of found: TileFeature, with reference: Tensor, pool: ComputePool) {
    var sums = moments[found.site] ?? [Double](repeating: 0, count: 4 * found.channels)
    moments[found.site] = nil
    sums.withUnsafeMutableBufferPointer { sums in
      guard let base = sums.baseAddress else { return }
      withExtendedLifetime((found, reference)) {
        found.core.addMoments(found.feature.value.pointer, with: reference.pointer, to: base, pool: pool)
      }
    }
    moments[found.site] = sums
  }

  /// Returns the Gram matrix of a region: the sum over the weights.
  func gram(at site: FeatureSite, region: Int) -> [Double] {
    guard let sums = grams[site], let total = weights[site] else { return [] }
    let scale = 1 / max(total[region], Self.minimumWeight)
    return sums[region].map { $0 * scale }
  }
}
