import FFmpeg
import Imaging
import Inference
import Kernels
import Networks
import Threading

/// Paints a still picture in a style.
public struct PictureStylization: Sendable {
  /// The size at which the network paints.
  public enum WorkSize: Equatable, Sendable {
    /// The picture's own size.
    case original
    /// The size at which the shorter side has this many pixels.
    case shortSide(Int)
    /// This exact size, regardless of the picture's aspect ratio.
    case exact(width: Int, height: Int)
  }

  /// The size at which the network paints. The result always has the size of the input.
  public var workSize: WorkSize
  /// The stroke size; nil for the model's default, which is the only choice for a model without a canvas.
  public var strokes: Strokes?
  /// The share of the painted picture in the result, from 0 (the source) to 1.
  public var strength: Float
  /// Whether to keep the source's colours and paint only the brightness.
  public var preservesColors: Bool
  /// Where the picture is painted; nil for everywhere. With ``MaskSettings/Origin/alpha`` the result is opaque.
  public var mask: MaskSettings?
  /// The styles outside of the mask and their shares; empty for the picture itself.
  package var outside: [(style: NamedStyle, share: Double)] = []
  /// The colour behind transparent parts of pictures with more than 8 bits per sample if their format has no alpha.
  package var background: BackgroundColor

  /// Creates a stylization. By default, it paints at the picture's own size with the model's stroke size and no
  /// blending.
  public init(
    workSize: WorkSize = .original, strokes: Strokes? = nil, strength: Float = 1, preservesColors: Bool = false
  ) {
    self.workSize = workSize
    self.strokes = strokes
    self.strength = strength
    self.preservesColors = preservesColors
    background = BackgroundColor(red: 255, green: 255, blue: 255)
  }

  /// Creates a stylization for a program.
  package init(
    workSize: WorkSize, strokes: Strokes?, strength: Float, preservesColors: Bool, background: BackgroundColor
  ) {
    self.init(workSize: workSize, strokes: strokes, strength: strength, preservesColors: preservesColors)
    self.background = background
  }

  /// Returns the width and height at which the network paints `picture`.
  public func size(for picture: Picture) -> (width: Int, height: Int) {
    size(width: picture.width, height: picture.height)
  }

  /// Returns the width and height at which the network paints a picture of `width` × `height`.
  package func size(width: Int, height: Int) -> (width: Int, height: Int) {
    switch workSize {
    case .original: (width, height)
    case .shortSide(let side): Picture.scaledSize(width: width, height: height, shortSide: side)
    case .exact(let width, let height): (width, height)
    }
  }

  /// Returns `picture` in the style of `model`, with the same size and alpha. See ``run(_:styles:pool:)``.
  public func run(_ picture: Picture, model: StyleModel, pool: ComputePool) throws -> Picture {
    try run(picture, styles: [(NamedStyle(model.style, model: PreparedModel(model)), 1)], pool: pool)
  }

  /// Returns `picture` in a mixture of styles, with the same size and alpha. Shares are relative.
  ///
  /// - Throws: `ModelError` if ``strokes`` is set and no style has a canvas, ``StyleMixerError`` if there are no styles
  ///   or too many, `InferenceError` if a model or the size is not supported or memory is insufficient, ``MaskError``,
  ///   `MediaError` or `PictureError` if the mask cannot be used.
  public func run(
    _ picture: Picture, styles: [(style: NamedStyle, share: Double)], pool: ComputePool
  ) throws -> Picture {
    let size = size(for: picture)
    // The picture at the work size and the result of resizing it. The engine checks its own memory.
    let needed = 3 * (size.width * size.height + picture.width * picture.height)
    if let available = AvailableMemory.forPlan(), needed > available {
      throw InferenceError.insufficientMemory(
        width: size.width, height: size.height, needed: needed, available: available)
    }
    let plane = try mask.map { try $0.plane(for: FloatPicture(picture), hasAlpha: picture.alpha != nil) }
    let picture = mask?.origin == .alpha ? picture.withAlpha(nil) : picture
    var stylized = try painted(picture, styles, pool)
    if let plane, !outside.isEmpty {
      stylized = try painted(picture, outside, pool).mixed(with: stylized, strength: 1, mask: plane, pool: pool)
    }
    if preservesColors { stylized = picture.preservingColors(in: stylized, pool: pool) }
    if let plane, outside.isEmpty {
      stylized = picture.mixed(with: stylized, strength: strength, mask: plane, pool: pool)
    } else if strength < 1 {
      stylized = picture.mixed(with: stylized, strength: strength, pool: pool)
    }
    return stylized.withAlpha(picture.alpha)
  }

  /// Returns the picture in a mixture of styles, at its own size.
  private func painted(
    _ picture: Picture, _ styles: [(style: NamedStyle, share: Double)], _ pool: ComputePool
  ) throws -> Picture {
    let size = size(for: picture)
    var stylized = picture.extendingColours().resized(width: size.width, height: size.height, pool: pool)
    try paint(&stylized, styles, pool)
    return stylized.resized(width: picture.width, height: picture.height, pool: pool)
  }

  /// Returns a picture of any depth, in a mixture of styles, as a frame for the encoder of `format`.
  ///
  /// The frame has the picture's size and, if the format has it, alpha. All bits are painted. A format of 8 bits is
  /// dithered. Scene-linear light is converted by `SceneLight`.
  ///
  /// - Throws: See ``run(_:styles:pool:)``; `PictureError` and `MediaError` if samples cannot be converted.
  package func run(
    _ stored: StoredPicture, as format: PictureFormat, styles: [(style: NamedStyle, share: Double)], pool: ComputePool
  ) throws -> Frame {
    let plane = try mask.map {
      try $0.plane(for: try stored.floatPicture(), hasAlpha: stored.frame.pixelFormat.hasAlpha)
    }
    var stored = stored
    if mask?.origin == .alpha {
      guard let opaque = try stored.withoutAlpha() else { throw MaskError.premultiplied }
      stored = opaque
    }
    let original = try stored.floatPicture()
    let size = size(width: original.width, height: original.height)
    let depth = stored.frame.pixelFormat.bitDepth
    let target = try format.deepFormat(for: stored.frame.format, width: original.width, height: original.height)
    let writer = try FrameWriter(target, depth: depth)
    let losesAlpha = original.alpha != nil && target.pixelFormat.alphaComponent == nil
    let exact = stored.orientation == .upright ? try stored.frame.exactSamples(in: target) : nil
    let source = try exact ?? Frame(target)
    if exact == nil {
      let isSame = !losesAlpha && stored.frame.format.isSceneLinear == target.isSceneLinear
      let shown = isSame ? original : try stored.floatPicture()
      SceneLight.convert(shown, from: stored.frame.format, to: target)
      if losesAlpha { shown.composite(over: background.values) }
      writer.write(shown, blend: nil, into: source)
    }
    ColourExtension().apply(to: original)
    let picture = FloatPicture()
    picture.resize(width: size.width, height: size.height)
    var resizer = FloatResizer()
    resizer.resize(original, into: picture)
    if stored.frame.format.isSceneLinear { picture.limitColours() }
    let other = FloatPicture()
    if plane != nil, !outside.isEmpty {
      other.resize(width: size.width, height: size.height)
      other.colours.update(from: picture.colours, count: 3 * picture.pixelCount)
    }
    try paint(picture, styles, pool)
    resizer.resize(picture, into: original)
    if let plane, !outside.isEmpty {
      try paint(other, outside, pool)
      picture.resize(width: original.width, height: original.height)
      resizer.resize(other, into: picture)
      Blending.mix(
        source: picture.colours, stylized: original.colours, mask: plane.rows, into: original.colours,
        width: original.width, height: original.height)
    }
    if stored.frame.format.isSceneLinear || target.isSceneLinear { original.limitColours() }
    SceneLight.convert(original, from: stored.frame.format, to: target)
    if losesAlpha { original.composite(over: background.values) }
    let result = try Frame(target)
    let rows = outside.isEmpty ? plane?.rows : nil
    let isPlain = strength == 1 && !preservesColors && rows == nil
    let blend = FrameWriter.Blend(
      original: source, strength: strength, preservesColors: preservesColors, mask: rows)
    writer.write(original, blend: isPlain ? nil : blend, alpha: source, into: result)
    result.isHalfPrecision = stored.frame.isHalfPrecision || depth <= 8
    return result
  }

  /// A separate function, so that the engines' memory is freed before the picture is scaled and blended.
  private func paint(
    _ picture: inout Picture, _ styles: [(style: NamedStyle, share: Double)], _ pool: ComputePool
  ) throws {
    let mixer = try mixer(styles, width: picture.width, height: picture.height, pool)
    let stride = picture.stride
    // Each style of a mixture reads the picture, but only the first finds it if the result is in its place.
    let original = styles.count > 1 ? picture : nil
    try picture.withUnsafeMutablePixels { pixels in
      guard let base = pixels.baseAddress else { return }
      guard let original else {
        return try mixer.stylize(base, sourceStride: stride, into: base, destinationStride: stride)
      }
      try original.pixels.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress else { return }
        try mixer.stylize(source, sourceStride: stride, into: base, destinationStride: stride)
      }
    }
  }

  private func paint(
    _ picture: FloatPicture, _ styles: [(style: NamedStyle, share: Double)], _ pool: ComputePool
  ) throws {
    let mixer = try mixer(styles, width: picture.width, height: picture.height, pool)
    guard styles.count > 1 else { return try mixer.stylize(picture.colours, into: picture.colours) }
    let original = FloatPicture()
    original.resize(width: picture.width, height: picture.height)
    original.colours.update(from: picture.colours, count: 3 * picture.pixelCount)
    try mixer.stylize(original.colours, into: picture.colours)
  }

  private func mixer(
    _ styles: [(style: NamedStyle, share: Double)], width: Int, height: Int, _ pool: ComputePool
  ) throws -> StyleMixer {
    guard let first = styles.first?.style else { throw StyleMixerError.nothingToMix }
    let mixer = StyleMixer(first, pool: pool)
    try mixer.mix(styles, strokes: strokes)
    try mixer.prepare(width: width, height: height, styleCount: styles.count)
    return mixer
  }
}
