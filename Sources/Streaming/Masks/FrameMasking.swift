import FFmpeg
import Foundation
import Imaging
import Synchronization

/// The masks of a run's frames.
///
/// The thread that decodes calls ``read(for:)``, and the one that converts to the stylizers' input calls
/// ``makeMask(for:workSize:sink:)``. A still mask is made once for each size, the others in the slots' own memory.
final class FrameMasking: @unchecked Sendable {
  private enum Input {
    case file(MaskFile)
    case luma
    case alpha(OpaqueSource)
  }

  let settings: MaskSettings
  private let input: Input
  private let conversion: MaskConversion
  private let source: VideoDescription
  /// The mask of a still picture, upright.
  private let still: MaskPlane?
  private var stillMask: MaskPlane?
  private let notes = Mutex<[String]>([])

  /// Opens the mask of the frames of `source`.
  ///
  /// - Parameter keepsFields: Whether interlaced frames are painted field by field.
  /// - Throws: ``MaskError``; `MediaError` or `PictureError` if the file cannot be read.
  init(_ settings: MaskSettings, source: any FrameSource, keepsFields: Bool) throws {
    self.settings = settings
    self.source = source.description
    conversion = MaskConversion(settings)
    switch settings.origin {
    case .luma: (input, still) = (.luma, nil)
    case .alpha:
      guard let opaque = source as? OpaqueSource else {
        throw MaskError.noAlpha
      }
      (input, still) = (.alpha(opaque), nil)
    case .file(let name):
      let file = try MaskFile(name, keepsFields: keepsFields)
      input = .file(file)
      still = file.isStill ? try Self.stillPlane(file) : nil
      let shown = source.description.displaySize
      let found =
        still.map { Self.notes($0, settings, name, for: shown) }
        ?? Self.note(onSize: file.displaySize, of: name, for: shown).map { [$0] } ?? []
      notes.withLock { $0 = found }
    }
  }

  /// Reads a picture as pictures are read, with the orientation in its EXIF data.
  static func stillPlane(_ file: MaskFile) throws -> MaskPlane {
    let stored = try PictureFile.open(file.name)
    let plane = MaskPlane()
    if stored.orientation == .upright {
      let reader = MaskReader()
      if file.usesAlpha {
        try reader.readAlpha(stored.frame, into: plane)
      } else {
        try reader.readLuma(stored.frame, into: plane)
      }
    } else {
      let picture = try stored.floatPicture()
      if file.usesAlpha { plane.readAlpha(picture) } else { plane.readLuma(picture) }
    }
    return plane
  }

  /// Returns notes for the user on a still mask, one sentence each.
  static func notes(
    _ plane: MaskPlane, _ settings: MaskSettings, _ name: String, for shown: (width: Int, height: Int)
  ) -> [String] {
    var notes = note(onSize: (plane.width, plane.height), of: name, for: shown).map { [$0] } ?? []
    let unpainted: Float = settings.isInverted ? 1 : 0
    if UnsafeBufferPointer(start: plane.values, count: plane.count).allSatisfy({ $0 == unpainted }) {
      notes.append("\(name): the mask is \(settings.isInverted ? "white" : "black") everywhere, so nothing is painted")
    }
    return notes
  }

  /// Returns a sentence if a mask has another shape than the picture; nil if it fits.
  static func note(onSize size: (Int, Int), of name: String, for shown: (width: Int, height: Int)) -> String? {
    let shapes = (Double(size.0) / Double(size.1), Double(shown.width) / Double(shown.height))
    guard abs(shapes.0 / shapes.1 - 1) > 0.01 else { return nil }
    return
      "\(name): the mask has \(size.0)x\(size.1) pixels and is stretched to the shape of \(shown.width)x\(shown.height)"
  }

  /// Notes for the user, one sentence each. Complete after the last frame.
  var warnings: [String] {
    var result = notes.withLock { $0 }
    if case .file(let file) = input, let end = file.end {
      result.append("\(file.name): the mask ends after \(end); its last frame is used from there on")
    }
    return result
  }

  /// Takes the mask of the frame in `slot`, which has just been read.
  ///
  /// - Throws: `MediaError` if the mask's file cannot be read any further.
  func read(for slot: FrameSlot) throws {
    let frame: Frame
    switch input {
    case .luma: return
    case .file(let file):
      if still != nil { return }
      frame = try file.frame(at: slot.time)
    case .alpha(let opaque):
      guard let original = opaque.nextOriginal() else { return }
      frame = original
    }
    let kept = try slot.maskFrame ?? Frame()
    try kept.reference(frame)
    slot.maskFrame = kept
  }

  /// Sets the mask of `slot`: at the work size for its painting in two styles, or else at the sink's size for the blend
  /// with the source.
  ///
  /// - Throws: `MediaError` if the mask's frame cannot be converted.
  func makeMask(
    for slot: FrameSlot, workSize: WorkSizeLadder.Size?, sink: (width: Int, height: Int), sinkOrientation: Orientation
  ) throws {
    let size = workSize.map { (width: $0.width, height: $0.height) } ?? sink
    // The turn from upright frames, and that from the source's frames.
    let uprightTurn = workSize == nil ? sinkOrientation.inverse : .upright
    let sourceTurn =
      workSize != nil ? source.orientation : sinkOrientation == source.orientation ? .upright : source.orientation
    let shown = source.displaySize
    let isTurned = uprightTurn.swapsSides
    let scale = Double(isTurned ? size.width : size.height) / Double(max(1, shown.height))
    if let still {
      if stillMask == nil || stillMask?.width != size.width || stillMask?.height != size.height {
        let made = MaskPlane()
        made.resize(width: size.width, height: size.height)
        conversion.convert(still, turns: [uprightTurn], scale: scale, into: made)
        stillMask = made
      }
      slot.mask = stillMask
      return
    }
    let mask = slot.ownMask ?? MaskPlane()
    slot.ownMask = mask
    mask.resize(width: size.width, height: size.height)
    switch input {
    case .luma:
      try conversion.convert(slot.source, usesAlpha: false, turns: [sourceTurn], scale: scale, into: mask)
    case .alpha:
      guard let frame = slot.maskFrame else { return }
      try conversion.convert(frame, usesAlpha: true, turns: [sourceTurn], scale: scale, into: mask)
    case .file(let file):
      guard let frame = slot.maskFrame else { return }
      try conversion.convert(
        frame, usesAlpha: file.usesAlpha, turns: [file.orientation, uprightTurn], scale: scale, into: mask)
    }
    slot.mask = mask
  }
}
