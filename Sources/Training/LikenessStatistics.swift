import Autograd
import Imaging
import Kernels
import Tensors
import Threading

/// What ``LikenessEvaluator`` compares of a picture, whatever its size.
struct LikenessStatistics {
  /// One Gram matrix for each of ``bands``.
  let grams: [Tensor]
  /// The features that tell what is shown: `relu4_1` at 256 lines, `[1, H, W, C]`.
  let content: Tensor
  /// The brightness at 450 lines.
  let luma: Plane
  /// The 95th percentile of the chroma at 256 lines.
  let chroma: Double

  /// What the Gram matrices are of: a layer, and the picture's lines.
  static let bands: [(layer: VGG16Layer, lines: Int)] = [
    (.relu2_2, 256), (.relu3_3, 256), (.relu3_3, 128), (.relu4_3, 256),
  ]

  init(_ picture: Picture, extractor: VGG16, pool: ComputePool) {
    let large = Self.reduced(picture, lines: 256, pool: pool)
    let small = Self.reduced(picture, lines: 128, pool: pool)
    var grams: [String: Tensor] = [:]
    var content: Tensor?
    let tape = Tape(pool: pool, allocator: TensorAllocator())
    for (picture, lines, last) in [(large, 256, VGG16Layer.relu4_3), (small, 128, .relu3_3)] {
      extractor.forEachFeature(of: Variable(picture.tensor()), upTo: last, on: tape) { layer, feature in
        if layer == .relu4_1 { content = feature.value }
        guard Self.bands.contains(where: { $0 == (layer, lines) }) else { return }
        grams["\(layer.rawValue)@\(lines)"] = tape.gram(feature).value
      }
    }
    self.grams = Self.bands.compactMap { grams["\($0.layer.rawValue)@\($0.lines)"] }
    self.content = content ?? Tensor(Shape(batch: 1, height: 0, width: 0, channels: 0))
    luma = Plane(luma: Self.reduced(picture, lines: 450, pool: pool))
    chroma = Self.chroma(large)
  }

  /// `picture` with `lines` pixels on its short side: by area averaging, or bicubic where that enlarges it.
  ///
  /// Sizes are rounded as Python does it, halves to the even number.
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

/// A picture of one channel.
struct Plane {
  let width: Int
  let height: Int
  var values: [Float]

  /// The brightness of `picture`, 0…255: `0.299 R + 0.587 G + 0.114 B`.
  init(luma picture: Picture) {
    width = picture.width
    height = picture.height
    let pixels = picture.pixels
    values = (0..<width * height).map { pixel in
      0.299 * Float(pixels[3 * pixel]) + 0.587 * Float(pixels[3 * pixel + 1]) + 0.114 * Float(pixels[3 * pixel + 2])
    }
  }

  private init(width: Int, height: Int, values: [Float]) {
    self.width = width
    self.height = height
    self.values = values
  }

  /// The plane behind a ``GaussianBlur``.
  func blurred(deviation: Float, pool: ComputePool) -> Plane {
    let result = [Float](unsafeUninitializedCapacity: values.count) { target, initializedCount in
      values.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        GaussianBlur.forward(
          source, width: width, height: height, deviation: deviation, output: target, pool: pool)
        initializedCount = values.count
      }
    }
    return Plane(width: width, height: height, values: result)
  }

  /// What a blur with a standard deviation of two pixels takes away.
  func detail(pool: ComputePool) -> Plane {
    let coarse = blurred(deviation: 2, pool: pool)
    return Plane(width: width, height: height, values: zip(values, coarse.values).map { $0 - $1 })
  }

  /// The standard deviation of a sample, divided by count − 1; 0 for fewer than two values.
  static func deviation(_ values: some Sequence<Float>) -> Double {
    var (count, mean, squares) = (0.0, 0.0, 0.0)
    for value in values {
      count += 1
      let difference = Double(value) - mean
      mean += difference / count
      squares += difference * (Double(value) - mean)
    }
    return count > 1 ? (squares / (count - 1)).squareRoot() : 0
  }

  /// The value that a share of `values` is below, interpolated between neighbours in order; 0 where there are none.
  static func quantile(_ values: [Float], _ share: Double) -> Float {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + Float(place - Double(below)) * (sorted[above] - sorted[below])
  }
}
