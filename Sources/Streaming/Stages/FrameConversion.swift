import FFmpeg
import Imaging
import Kernels

/// A conversion between formats. It adapts when they change, as may happen in the middle of a stream.
struct AdaptiveScaler {
  private enum Conversion {
    case yuv(YUVConversion)
    case scaler(Scaler)

    /// The formats that it converts between.
    var formats: (source: VideoFormat, target: VideoFormat) {
      switch self {
      case .yuv(let conversion): (conversion.source, conversion.target)
      case .scaler(let scaler): (scaler.source, scaler.target)
      }
    }
  }

  private var conversion: Conversion?

  /// Converts `source` into `target`. If the planes of `target` are shared, it gets new ones.
  mutating func scale(_ source: Frame, into target: Frame) throws {
    try target.makeWritable()
    switch try current(from: source.format, to: target.format) {
    case .yuv(let conversion): conversion.convert(source, into: target)
    case .scaler(let scaler): try scaler.scale(source, into: target)
    }
  }

  private mutating func current(from source: VideoFormat, to target: VideoFormat) throws -> Conversion {
    if let conversion, conversion.formats == (source, target) { return conversion }
    let made: Conversion
    if let yuv = YUVConversion(from: source, to: target) {
      made = .yuv(yuv)
    } else {
      // At the same size, only chroma is interpolated. The bicubic filter takes twice as long, and the difference is
      // negligible next to the stylizer's effect.
      let isSameSize = source.width == target.width && source.height == target.height
      made = .scaler(try Scaler(from: source, to: target, filter: isSameSize ? .bilinear : .bicubic))
    }
    conversion = made
    return made
  }
}

/// A reusable frame. It is reallocated only when the requested format changes.
struct ScratchFrame {
  private(set) var frame: Frame?

  mutating func of(_ format: VideoFormat) throws -> Frame {
    if let frame, frame.format == format { return frame }
    let made = try Frame(format)
    frame = made
    return made
  }

  mutating func rgb24(width: Int, height: Int) throws -> Frame {
    try of(VideoFormat(width: width, height: height, pixelFormat: .rgb24))
  }
}

/// Converts source frames to the stylizer's input, in stream order: upright RGB24 at the work size, denoised on
/// request. Not thread-safe.
final class InputConversion: @unchecked Sendable {
  private let orientation: Orientation
  private let denoises: Bool
  private var scaler = AdaptiveScaler()
  private var scratch = ScratchFrame()
  private var denoiser: TemporalDenoiser?

  init(orientation: Orientation, denoises: Bool) {
    self.orientation = orientation
    self.denoises = denoises
  }

  func convert(_ source: Frame, into work: Frame) throws {
    try scaler.scaleTurned(source, into: work, orientation: orientation, scratch: &scratch)
    guard denoises, let pixels = work.plane(0) else { return }
    denoiser(width: work.width, height: work.height).apply(pixels, stride: work.stride(0))
  }

  /// Returns a denoiser for this size. Sizes seldom change.
  private func denoiser(width: Int, height: Int) -> TemporalDenoiser {
    if let denoiser, denoiser.width == width, denoiser.height == height { return denoiser }
    let made = TemporalDenoiser(width: width, height: height)
    denoiser = made
    return made
  }
}

/// Converts the stylizer's output to the sink's format, blended with the source on request. Not thread-safe.
final class OutputConversion: @unchecked Sendable {
  /// The orientation from source frames to sink frames.
  private let sourceTurn: Orientation
  /// The orientation from the stylizer's frames to sink frames.
  private let workTurn: Orientation
  private var sourceScaler = AdaptiveScaler()
  private var stylizedScaler = AdaptiveScaler()
  private var sinkScaler = AdaptiveScaler()
  private var directScaler = AdaptiveScaler()
  private var originalScaler = AdaptiveScaler()
  private var sinkOriginal = ScratchFrame()
  private var masking: (format: VideoFormat, frames: MaskedFrames?)?
  private var turned = ScratchFrame()
  private var sourceScratch = ScratchFrame()
  private var sourcePicture = ScratchFrame()
  private var stylizedPicture = ScratchFrame()

  init(orientation: Orientation, sinkOrientation: Orientation) {
    (sourceTurn, workTurn) = Self.turns(orientation: orientation, sinkOrientation: sinkOrientation)
  }

  /// Returns the orientations from source frames and from the stylizer's frames to sink frames.
  static func turns(orientation: Orientation, sinkOrientation: Orientation) -> (source: Orientation, work: Orientation)
  {
    // A sink stores frames either like the source or upright.
    (sinkOrientation == orientation ? .upright : orientation, sinkOrientation.inverse)
  }

  /// - Parameter mask: The strength of each pixel of `sink`; nil for 1 everywhere.
  func convert(_ stylized: Frame, source: Frame, blend: FrameBlend, mask: MaskRows? = nil, into sink: Frame) throws {
    try write(stylized, source: source, blend: blend, mask, into: sink)
    sink.pts = source.pts
    sink.duration = source.duration
  }

  private func write(
    _ stylized: Frame, source: Frame, blend: FrameBlend, _ mask: MaskRows?, into sink: Frame
  ) throws {
    if blend.strength == 0, sourceTurn == .upright {
      // RGB with 8 bits would round the source.
      return try directScaler.scale(source, into: sink)
    }
    let (width, height) = (sink.width, sink.height)
    var picture = stylized
    if workTurn != .upright {
      let size = workTurn.swapsSides ? (picture.height, picture.width) : (picture.width, picture.height)
      let target = try turned.rgb24(width: size.0, height: size.1)
      workTurn.apply(picture, into: target)
      picture = target
    }
    let samples = mask == nil ? nil : maskedFrames(sink.format)
    // The sink's samples take the mask if they can: there, the source keeps its own.
    let colours = samples == nil ? blend : FrameBlend(preservesColors: blend.preservesColors)
    let colourMask = samples == nil ? mask : nil
    if !colours.isIdentity || colourMask != nil {
      // Blend at the sink's size, where the source has its full detail.
      let original = try sourcePicture.rgb24(width: width, height: height)
      try sourceScaler.scaleTurned(source, into: original, orientation: sourceTurn, scratch: &sourceScratch)
      if picture.width != width || picture.height != height {
        let target = try stylizedPicture.rgb24(width: width, height: height)
        try stylizedScaler.scale(picture, into: target)
        picture = target
      }
      colours.apply(source: original, stylized: picture, mask: colourMask)
    }
    try sinkScaler.scale(picture, into: sink)
    guard let samples, let mask else { return }
    samples.mix(try original(source, for: sink), into: sink, mask: mask, strength: Float(blend.strength))
  }

  /// Returns the source in the sink's format.
  private func original(_ source: Frame, for sink: Frame) throws -> Frame {
    if sourceTurn == .upright, source.format == sink.format { return source }
    let result = try sinkOriginal.of(sink.format)
    if sourceTurn == .upright {
      try directScaler.scale(source, into: result)
    } else {
      let turned = try sourcePicture.rgb24(width: sink.width, height: sink.height)
      try sourceScaler.scaleTurned(source, into: turned, orientation: sourceTurn, scratch: &sourceScratch)
      try originalScaler.scale(turned, into: result)
    }
    return result
  }

  /// Returns the blending for a sink, or nil if its samples cannot be blended: those of palettes, for example.
  private func maskedFrames(_ format: VideoFormat) -> MaskedFrames? {
    if let known = masking, known.format == format { return known.frames }
    let made = MaskedFrames(format)
    masking = (format, made)
    return made
  }
}

extension AdaptiveScaler {
  /// Scales and rotates `source` into `target`, which has the rotated frame's shape.
  mutating func scaleTurned(
    _ source: Frame, into target: Frame, orientation: Orientation, scratch: inout ScratchFrame
  ) throws {
    guard orientation != .upright else { return try scale(source, into: target) }
    let size = orientation.swapsSides ? (target.height, target.width) : (target.width, target.height)
    let straight = try scratch.rgb24(width: size.0, height: size.1)
    try scale(source, into: straight)
    orientation.apply(straight, into: target)
  }
}

extension Orientation {
  /// Rotates one RGB24 frame into another of matching size.
  fileprivate func apply(_ source: Frame, into target: Frame) {
    guard let from = source.plane(0), let to = target.plane(0) else { return }
    apply(
      from, sourceStride: source.stride(0), width: source.width, height: source.height, into: to,
      targetStride: target.stride(0))
  }
}
