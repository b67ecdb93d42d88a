import FFmpeg
import Imaging
import Kernels

extension VideoFormat {
  /// Whether frames of this format that become frames of `sink` are painted as floats: those with more than 8 bits on
  /// either side, HDR, and those that keep their alpha. All others are painted as RGB24, which is faster.
  func needsFloats(for sink: VideoFormat) -> Bool {
    pixelFormat.isDeep || sink.pixelFormat.isDeep || color.isHDR
      || pixelFormat.hasAlpha && sink.pixelFormat.alphaComponent != nil
  }
}

extension Frame {
  /// Whether the frame is transparent somewhere and a sink of this format stores no alpha, so that it is composited.
  func losesAlpha(in sink: VideoFormat) -> Bool {
    pixelFormat.hasAlpha && sink.pixelFormat.alphaComponent == nil && !isOpaque
  }
}

/// Reads frames whose format may change in the middle of a stream.
struct AdaptiveReader {
  private var reader: FrameReader?

  mutating func read(_ frame: Frame, into picture: FloatPicture) throws {
    if reader?.format != frame.format { reader = try FrameReader(frame.format) }
    try reader?.read(frame, into: picture)
  }
}

/// Converts source frames to the stylizer's input as ``InputConversion`` does, but to floats. Not thread-safe.
final class FloatInputConversion {
  private let orientation: Orientation
  private let denoises: Bool
  private var reader = AdaptiveReader()
  private var resizer = FloatResizer()
  private let straight = FloatPicture()
  private let resized = FloatPicture()
  private let colours = ColourExtension()
  private var curve: (color: ColorDescription, curve: SignalCurve?)?
  private var denoiser: FloatDenoiser?

  init(orientation: Orientation, denoises: Bool) {
    self.orientation = orientation
    self.denoises = denoises
  }

  /// Fills `work`, whose size is the work size.
  func convert(_ source: Frame, into work: FloatPicture) throws {
    let (width, height) = (work.width, work.height)
    let size = orientation.swapsSides ? (width: height, height: width) : (width: width, height: height)
    let isSameSize = source.width == size.width && source.height == size.height
    let isDirect = isSameSize && orientation == .upright
    var picture = isDirect ? work : straight
    try reader.read(source, into: picture)
    if curve?.color != source.color { curve = (source.color, SignalCurve(source.color)) }
    curve?.curve?.apply(to: picture)
    colours.apply(to: picture)
    if !isSameSize {
      let target = orientation == .upright ? work : resized
      target.resize(width: size.width, height: size.height)
      resizer.resize(picture, into: target)
      picture = target
    }
    if orientation != .upright { orientation.apply(picture, into: work) }
    if source.format.isSceneLinear { work.limitColours() }
    if denoises {
      if denoiser?.width != width || denoiser?.height != height {
        denoiser = FloatDenoiser(width: width, height: height)
      }
      denoiser?.apply(work)
    }
  }
}

/// Converts the stylizer's output to the sink's format as ``OutputConversion`` does, but from floats. Not thread-safe.
final class FloatOutputConversion {
  private let sourceTurn: Orientation
  private let workTurn: Orientation
  private let background: BackgroundColor
  private var reader = AdaptiveReader()
  private var resizer = FloatResizer()
  private var originalResizer = FloatResizer()
  private let turned = FloatPicture()
  private let resized = FloatPicture()
  private let original = FloatPicture()
  private let turnedOriginal = FloatPicture()
  private let resizedOriginal = FloatPicture()
  private var originalFrame = ScratchFrame()
  private var writer: (writer: FrameWriter, depth: Int)?
  private var curve: (color: ColorDescription, curve: SignalCurve?)?

  init(orientation: Orientation, sinkOrientation: Orientation, background: BackgroundColor) {
    self.background = background
    (sourceTurn, workTurn) = OutputConversion.turns(orientation: orientation, sinkOrientation: sinkOrientation)
  }

  /// Writes `stylized`, whose colours may change, into `sink`.
  ///
  /// - Parameter mask: The strength of each pixel of `sink`; nil for 1 everywhere.
  func convert(
    _ stylized: FloatPicture, source: Frame, blend: FrameBlend, mask: MaskRows? = nil, into sink: Frame
  ) throws {
    let isPlain = blend.isIdentity && mask == nil
    let writer = try writer(for: sink.format, depth: source.pixelFormat.bitDepth)
    if curve?.color != source.color { curve = (source.color, SignalCurve(source.color)) }
    curve?.curve?.invert(stylized)
    var picture = stylized
    if workTurn != .upright {
      let (width, height) = (picture.width, picture.height)
      turned.resize(width: workTurn.swapsSides ? height : width, height: workTurn.swapsSides ? width : height)
      workTurn.apply(picture, into: turned)
      picture = turned
    }
    if picture.width != sink.width || picture.height != sink.height {
      resized.resize(width: sink.width, height: sink.height)
      resizer.resize(picture, into: resized)
      picture = resized
    }
    if source.format.isSceneLinear || sink.format.isSceneLinear { picture.limitColours() }
    SceneLight.convert(picture, from: source.format, to: sink.format)
    let keepsAlpha = source.pixelFormat.hasAlpha && sink.pixelFormat.alphaComponent != nil
    var original: Frame?
    if source.losesAlpha(in: sink.format) {
      let shown = try originalPicture(of: source, for: sink)
      picture.composite(over: background.values, alphaOf: shown)
      shown.composite(over: background.values)
      if !isPlain { original = try frame(of: shown, for: sink, writer) }
    } else if !isPlain || keepsAlpha {
      let exact =
        sourceTurn != .upright
        ? nil : source.format == sink.format ? source : try source.exactSamples(in: sink.format)
      original = try exact ?? frame(of: try originalPicture(of: source, for: sink), for: sink, writer)
    }
    try sink.makeWritable()
    writer.write(
      picture,
      blend: isPlain
        ? nil
        : original.map {
          FrameWriter.Blend(
            original: $0, strength: Float(blend.strength), preservesColors: blend.preservesColors, mask: mask)
        }, alpha: keepsAlpha ? original : nil, into: sink)
    sink.pts = source.pts
    sink.duration = source.duration
  }

  private func writer(for format: VideoFormat, depth: Int) throws -> FrameWriter {
    if let writer, writer.writer.format == format, writer.depth == depth { return writer.writer }
    let made = try FrameWriter(format, depth: depth)
    writer = (made, depth)
    return made
  }

  /// Returns the source as the sink shows it, in values of the sink.
  private func originalPicture(of source: Frame, for sink: Frame) throws -> FloatPicture {
    try reader.read(source, into: original)
    SceneLight.convert(original, from: source.format, to: sink.format)
    var picture = original
    if sourceTurn != .upright {
      let (width, height) = (picture.width, picture.height)
      turnedOriginal.resize(
        width: sourceTurn.swapsSides ? height : width, height: sourceTurn.swapsSides ? width : height,
        hasAlpha: picture.alpha != nil)
      sourceTurn.apply(picture, into: turnedOriginal)
      picture = turnedOriginal
    }
    if picture.width != sink.width || picture.height != sink.height {
      resizedOriginal.resize(width: sink.width, height: sink.height, hasAlpha: picture.alpha != nil)
      originalResizer.resize(picture, into: resizedOriginal)
      picture = resizedOriginal
    }
    return picture
  }

  /// Returns a picture in the sink's format.
  private func frame(of picture: FloatPicture, for sink: Frame, _ writer: FrameWriter) throws -> Frame {
    let frame = try originalFrame.of(sink.format)
    try frame.makeWritable()
    writer.write(picture, blend: nil, into: frame)
    return frame
  }
}

/// Denoises float pictures with ``TemporalDenoiser``, which works on 8 bits: what it changes is added to the floats.
final class FloatDenoiser {
  let width: Int
  let height: Int
  private let denoiser: TemporalDenoiser
  private let bytes: UnsafeMutablePointer<UInt8>

  init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    denoiser = TemporalDenoiser(width: width, height: height)
    bytes = .allocate(capacity: 3 * width * height)
    bytes.initialize(repeating: 0, count: 3 * width * height)
  }

  deinit { bytes.deallocate() }

  func apply(_ picture: FloatPicture) {
    let values = picture.colours
    for index in 0..<3 * picture.pixelCount { bytes[index] = Self.rounded(values[index]) }
    denoiser.apply(bytes, stride: 3 * width)
    for index in 0..<3 * picture.pixelCount {
      values[index] += Float(bytes[index]) - Float(Self.rounded(values[index]))
    }
  }

  @inline(__always)
  private static func rounded(_ value: Float) -> UInt8 { UInt8(min(255, max(0, value)) + 0.5) }
}

extension Orientation {
  /// Rotates a picture into another of matching size, with its alpha if both have one.
  func apply(_ source: FloatPicture, into target: FloatPicture) {
    apply(
      UnsafePointer(source.colours), sourceStride: 3 * source.width, width: source.width, height: source.height,
      into: target.colours, targetStride: 3 * target.width)
    guard let from = source.alpha, let to = target.alpha else { return }
    apply(
      UnsafePointer(from), sourceStride: source.width, width: source.width, height: source.height, into: to,
      targetStride: target.width, channels: 1)
  }
}
