import Autograd
import Imaging
import Kernels
import Tensors
import Threading

/// The statistics of a picture that ``LikenessEvaluator`` compares.
struct LikenessStatistics {
  /// One Gram matrix for each of ``bands``.
  let grams: [Tensor]
  /// The content features: `relu4_1` at 256 lines, `[1, H, W, C]`.
  let content: Tensor
  /// The luma at 450 lines.
  let luma: Plane
  /// The 95th percentile of the chroma at 256 lines.
  let chroma: Double

  /// The layer of each Gram matrix and the short side of its picture.
  static let bands: [(layer: VGG16Layer, lines: Int)] = [
    (.relu2_2, 256), (.relu3_3, 256), (.relu3_3, 128), (.relu4_3, 256),
  ]

  init(_ picture: Picture, extractor: VGG16, pool: ComputePool) {
    let large = Self.reduced(picture, lines: 256, pool: pool)
    let small = Self.reduced(picture, lines: 128, pool: pool)
    var grams = [Tensor?](repeating: nil, count: Self.bands.count)
    var content: Tensor?
    let tape = Tape(pool: pool, allocator: TensorAllocator())
    for (picture, lines, last) in [(large, 256, VGG16Layer.relu4_3), (small, 128, .relu3_3)] {
      extractor.forEachFeature(of: Variable(picture.tensor()), upTo: last, on: tape) { layer, feature in
        if layer == .relu4_1 { content = feature.value }
        guard let band = Self.bands.firstIndex(where: { $0 == (layer, lines) }) else { return }
        grams[band] = tape.gram(feature).value
      }
    }
    self.grams = grams.compactMap(\.self)
    self.content = content ?? Tensor(Shape(batch: 1, height: 0, width: 0, channels: 0))
    luma = Plane(luma: Self.reduced(picture, lines: 450, pool: pool))
    chroma = Self.chroma(large)
  }

  /// Resizes `picture` to a short side of `lines` pixels, by area averaging if that reduces it, else by bicubic
  /// interpolation.
  ///
  /// Halves are rounded to even, as in Python.
  static func reduced(_ picture: Picture, lines: Int, pool: ComputePool) -> Picture {
    let scale = Double(lines) / Double(min(picture.width, picture.height))
    func scaled(_ length: Int) -> Int { max(1, Int((Double(length) * scale).rounded(.toNearestOrEven))) }
    return picture.resized(
      width: scaled(picture.width), height: scaled(picture.height), filter: scale < 1 ? .box : .bicubic, pool: pool)
  }

  private static func chroma(_ picture: Picture) -> Double {
    let count = picture.width * picture.height
    let values = [Float](unsafeUninitializedCapacity: count) { values, initializedCount in
      picture.pixels.withUnsafeBufferPointer { pixels in
        guard let source = pixels.baseAddress, let target = values.baseAddress else { return }
        OKLabChroma.forward(source, pixels: count, output: target)
        initializedCount = count
      }
    }
    return Double(Plane.quantile(values, 0.95))
  }
}
