import Imaging
import Tensors
import Threading

/// The pictures of an optimisation, in the sizes of its canvases.
public struct OptimizationPictures: Sendable {
  /// A painting, and where it counts.
  public struct Painting: Sendable {
    /// The painting without alpha.
    public var picture: Picture
    /// The share among the paintings of the same place, greater than 0.
    public var share: Double
    /// Where the painting counts in the result, white for everywhere; nil for where no other painting's mask says so.
    public var photoMask: Picture?
    /// Which part of the painting counts; nil for all of it.
    public var paintingMask: Picture?

    /// Creates a painting.
    public init(picture: Picture, share: Double = 1, photoMask: Picture? = nil, paintingMask: Picture? = nil) {
      self.picture = picture
      self.share = share
      self.photoMask = photoMask
      self.paintingMask = paintingMask
    }
  }

  /// The photo without alpha; nil for a texture.
  public let photo: Picture?
  /// The paintings, at least one.
  public let paintings: [Painting]

  /// Creates pictures.
  ///
  /// - Parameter preservesColors: Whether only luma is painted. Photo and paintings are then grey, and the luma of the
  ///   paintings gets the photo's mean and deviation. L. Gatys et al.: Preserving Color in Neural Artistic Style
  ///   Transfer, 2016, section 2.2.
  public init(photo: Picture?, paintings: [Painting], preservesColors: Bool) {
    guard preservesColors, let photo else {
      self.photo = photo
      self.paintings = paintings
      return
    }
    let luma = Plane(luma: photo)
    self.photo = Self.grey(luma, gain: 1, offset: 0)
    let (mean, deviation) = PaintingTone.moments(luma.values)
    self.paintings = paintings.map { painting in
      let plane = Plane(luma: painting.picture)
      let own = PaintingTone.moments(plane.values)
      let gain = deviation / own.deviation
      var result = painting
      result.picture = Self.grey(plane, gain: gain, offset: mean - gain * own.mean)
      return result
    }
  }

  private static func grey(_ plane: Plane, gain: Double, offset: Double) -> Picture {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * plane.values.count)
    for value in plane.values {
      let sample = UInt8(min(max(gain * Double(value) + offset, 0), 255).rounded())
      for _ in 0..<3 { pixels.append(sample) }
    }
    return Picture(width: plane.width, height: plane.height, pixels: pixels)
  }

  /// Returns the size of a canvas with a short side of `lines` pixels: with the aspect ratio of the photo, or of the
  /// first painting without one.
  func canvas(lines: Int) -> (width: Int, height: Int) {
    guard let model = photo ?? paintings.first?.picture else { return (lines, lines) }
    return model.scaledSize(shortSide: lines)
  }

  /// Returns the photo on a canvas.
  func photo(lines: Int, pool: ComputePool) -> Tensor? {
    let size = canvas(lines: lines)
    return photo?.resized(width: size.width, height: size.height, pool: pool).tensor()
  }

  /// Returns the paintings and their regions on a canvas.
  ///
  /// Paintings without a mask for the photo share the part that the masks leave.
  func regions(lines: Int, styleScale: Double, pool: ComputePool) -> [PictureLoss.Region] {
    let size = canvas(lines: lines)
    var regions: [PictureLoss.Region] = []
    var shared: [PictureLoss.Region.Painting] = []
    var rest: Tensor?
    for painting in paintings {
      let short = min(painting.picture.width, painting.picture.height)
      let wanted = Int((Double(lines) * styleScale).rounded())
      let scaled = painting.picture.resized(
        shortSide: min(max(wanted, min(short, StyleImage.minimumSide)), short), pool: pool)
      let part = PictureLoss.Region.Painting(
        share: painting.share, picture: scaled.tensor(),
        weights: painting.paintingMask.map {
          RegionPlane(mask: $0, height: scaled.height, width: scaled.width, pool: pool).weights
        })
      guard let mask = painting.photoMask else {
        shared.append(part)
        continue
      }
      let weights = RegionPlane(mask: mask, height: size.height, width: size.width, pool: pool).weights
      regions.append(PictureLoss.Region(paintings: [part], weights: weights))
      let left =
        rest
        ?? Tensor(weights.shape, elements: [Float](repeating: 1, count: weights.count))
      for index in 0..<left.count { left.pointer[index] = max(0, left.pointer[index] - weights.pointer[index]) }
      rest = left
    }
    if !shared.isEmpty { regions.append(PictureLoss.Region(paintings: shared, weights: rest)) }
    return regions
  }

  /// Returns the picture at the start on a canvas.
  func start(_ start: OptimizationSettings.Start, lines: Int, seed: UInt64, pool: ComputePool) -> Tensor {
    let size = canvas(lines: lines)
    switch start {
    case .photo:
      if let photo = photo(lines: lines, pool: pool) { return photo }
      return noise(size, seed: seed)
    case .noise: return noise(size, seed: seed)
    case .painting:
      guard let painting = paintings.first?.picture else { return noise(size, seed: seed) }
      // Cropped first, so that a long painting takes no more memory than the canvas.
      let scale = min(
        Double(painting.width) / Double(size.width), Double(painting.height) / Double(size.height))
      func part(_ extent: Int, of whole: Int) -> Int { min(whole, max(1, Int((Double(extent) * scale).rounded()))) }
      return painting.croppedToCenter(
        width: part(size.width, of: painting.width), height: part(size.height, of: painting.height)
      ).resized(width: size.width, height: size.height, pool: pool).tensor()
    }
  }

  /// Uniform noise in the middle half of the range.
  private func noise(_ size: (width: Int, height: Int), seed: UInt64) -> Tensor {
    var random = SplitMix64(seed: seed)
    let result = Tensor(Shape(batch: 1, height: size.height, width: size.width, channels: 3), zeroed: false)
    for index in 0..<result.count { result.pointer[index] = 64 + 127 * random.uniform() }
    return result
  }
}

extension Tensor {
  /// Returns the picture `[1, H, W, 3]` resized by bicubic interpolation, without rounding to whole levels.
  func resized(height: Int, width: Int) -> Tensor {
    if (shape.height, shape.width) == (height, width) { return copy() }
    let (source, target) = (FloatPicture(), FloatPicture())
    source.resize(width: shape.width, height: shape.height)
    target.resize(width: width, height: height)
    source.colours.update(from: pointer, count: count)
    var resizer = FloatResizer()
    resizer.resize(source, into: target)
    let result = Tensor(Shape(batch: 1, height: height, width: width, channels: 3), zeroed: false)
    result.pointer.update(from: target.colours, count: result.count)
    return result
  }
}
