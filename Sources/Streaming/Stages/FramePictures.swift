import FFmpeg
import Imaging

/// The pictures of a frame, or of one of its fields, before and after painting: RGB24 or floats.
struct FramePictures {
  /// Whether the pictures are floats, see ``VideoFormat/needsFloats(for:)``.
  var usesFloats = false
  private var work = ScratchFrame()
  private var painted = ScratchFrame()
  private let floatWork = FloatPicture()
  private let floatPainted = FloatPicture()

  /// Paints the picture that ``Input`` made.
  ///
  /// - Parameter mask: Where to paint in the styles of the recipe, if it has others for outside; of the work size.
  mutating func paint(_ recipe: FrameRecipe, _ painter: FramePainter, place: Int, mask: MaskPlane? = nil) throws {
    if usesFloats {
      floatPainted.resize(width: floatWork.width, height: floatWork.height)
      try painter.paint(recipe, place: place, floatWork.colours, into: floatPainted.colours, mask: mask)
      return
    }
    guard let work = work.frame, let from = work.plane(0) else { return }
    let target = try painted.of(work.format)
    guard let to = target.plane(0) else { return }
    try painter.paint(
      recipe, place: place, from, sourceStride: work.stride(0), into: to, destinationStride: target.stride(0),
      mask: mask)
  }

  /// Converts source frames or fields to the stylizer's input, in stream order: upright, at the work size, denoised on
  /// request. Not thread-safe.
  final class Input {
    private let bytes: InputConversion
    private let floats: FloatInputConversion

    init(orientation: Orientation, denoises: Bool) {
      bytes = InputConversion(orientation: orientation, denoises: denoises)
      floats = FloatInputConversion(orientation: orientation, denoises: denoises)
    }

    func convert(_ source: Frame, size: WorkSizeLadder.Size, into pictures: inout FramePictures) throws {
      if pictures.usesFloats {
        pictures.floatWork.resize(width: size.width, height: size.height)
        try floats.convert(source, into: pictures.floatWork)
      } else {
        try bytes.convert(source, into: pictures.work.rgb24(width: size.width, height: size.height))
      }
    }
  }

  /// Converts painted pictures to the sink's format, blended with the source on request. Not thread-safe.
  final class Output {
    private let bytes: OutputConversion
    private let floats: FloatOutputConversion

    init(orientation: Orientation, sinkOrientation: Orientation, background: BackgroundColor) {
      bytes = OutputConversion(orientation: orientation, sinkOrientation: sinkOrientation)
      floats = FloatOutputConversion(
        orientation: orientation, sinkOrientation: sinkOrientation, background: background)
    }

    /// - Parameter mask: The strength of each pixel of `sink`; nil for 1 everywhere.
    func convert(
      _ pictures: FramePictures, source: Frame, blend: FrameBlend, mask: MaskRows? = nil, into sink: Frame
    ) throws {
      if pictures.usesFloats {
        try floats.convert(pictures.floatPainted, source: source, blend: blend, mask: mask, into: sink)
      } else if let painted = pictures.painted.frame {
        try bytes.convert(painted, source: source, blend: blend, mask: mask, into: sink)
      }
    }
  }
}
