import FFmpeg
import Imaging

/// Converts the fields of interlaced frames to the stylizer's input, each as a picture of its own at the work size.
/// Not thread-safe.
final class FieldInputConversion {
  /// One for each field, because the denoiser compares pictures of the same rows.
  private let conversions: (top: FramePictures.Input, bottom: FramePictures.Input)
  private var field = ScratchFrame()

  init(orientation: Orientation, denoises: Bool) {
    conversions = (
      FramePictures.Input(orientation: orientation, denoises: denoises),
      FramePictures.Input(orientation: orientation, denoises: denoises)
    )
  }

  /// Converts both fields of `source`.
  func convert(
    _ source: Frame, size: WorkSizeLadder.Size, top: inout FramePictures, bottom: inout FramePictures
  ) throws {
    try conversions.top.convert(field.ofField(source, isBottom: false), size: size, into: &top)
    try conversions.bottom.convert(field.ofField(source, isBottom: true), size: size, into: &bottom)
  }
}

/// Converts painted fields to the rows of an interlaced frame in the sink's format. Not thread-safe.
final class FieldOutputConversion {
  private let conversion: FramePictures.Output
  /// The order for frames that are progressive in the source.
  private let usualOrder: FieldOrder
  private var sourceField = ScratchFrame()
  private var sinkField = ScratchFrame()

  init(
    orientation: Orientation, sinkOrientation: Orientation, background: BackgroundColor, usualOrder: FieldOrder
  ) {
    conversion = FramePictures.Output(
      orientation: orientation, sinkOrientation: sinkOrientation, background: background)
    self.usualOrder = usualOrder
  }

  /// Converts both fields of `source`.
  ///
  /// - Parameter mask: The strength of each pixel of `sink`; nil for 1 everywhere.
  func convert(
    top: FramePictures, bottom: FramePictures, source: Frame, blend: FrameBlend, mask: MaskPlane? = nil,
    into sink: Frame
  ) throws {
    var format = sink.format
    format.height = (format.height + 1) / 2
    let target = try sinkField.of(format)
    try sink.makeWritable()
    for isBottom in [false, true] {
      let original = try sourceField.ofField(source, isBottom: isBottom)
      try conversion.convert(
        isBottom ? bottom : top, source: original, blend: blend, mask: mask?.rows(ofField: isBottom), into: target)
      sink.weave(target, isBottom: isBottom)
    }
    (sink.pts, sink.duration) = (source.pts, source.duration)
    sink.fieldOrder = source.isInterlaced ? source.fieldOrder : usualOrder
  }
}

extension ScratchFrame {
  /// Returns one field of `frame`, which has half its height.
  fileprivate mutating func ofField(_ frame: Frame, isBottom: Bool) throws -> Frame {
    var format = frame.format
    format.height = (format.height + 1) / 2
    let field = try of(format)
    try field.makeWritable()
    field.copyField(of: frame, isBottom: isBottom)
    return field
  }
}
