import CFFmpeg

/// The order in which the two fields of interlaced frames are shown.
public enum FieldOrder: Sendable {
  /// The frames are not interlaced.
  case progressive
  /// The even rows, counted from 0, come before the odd ones.
  case topFieldFirst
  /// The odd rows come before the even ones.
  case bottomFieldFirst

  init(_ order: AVFieldOrder) {
    switch order {
    // The first letter is the field stored first, which is the first to be shown if the rows of the fields alternate.
    case AV_FIELD_TT, AV_FIELD_TB: self = .topFieldFirst
    case AV_FIELD_BB, AV_FIELD_BT: self = .bottomFieldFirst
    default: self = .progressive
    }
  }

  /// The order to store in a container for frames whose rows alternate between the fields, as the ffmpeg program
  /// stores it: QuickTime and Matroska have values of their own for those.
  var ofInterleavedRows: AVFieldOrder {
    switch self {
    case .progressive: AV_FIELD_PROGRESSIVE
    case .topFieldFirst: AV_FIELD_TB
    case .bottomFieldFirst: AV_FIELD_BT
    }
  }
}

extension Frame {
  /// The order of the fields that the frame consists of.
  public var fieldOrder: FieldOrder {
    get {
      guard isInterlaced else { return .progressive }
      return cffmpeg_frame_is_top_field_first(pointer) != 0 ? .topFieldFirst : .bottomFieldFirst
    }
    set {
      cffmpeg_frame_set_interlaced(pointer, newValue == .progressive ? 0 : 1, newValue == .topFieldFirst ? 1 : 0)
    }
  }

  /// Whether the frame consists of two fields of different times, whose rows alternate.
  public var isInterlaced: Bool { cffmpeg_frame_is_interlaced(pointer) != 0 }

  /// Copies the rows of one field of `frame` to this frame, which has half the height, rounded up, and the same width
  /// and pixel format. The last row is repeated if the field lacks it.
  ///
  /// - Parameter isBottom: Whether to copy the odd rows, counted from 0, instead of the even ones.
  package func copyField(of frame: Frame, isBottom: Bool) {
    forEachPlane(with: frame) { plane, whole, bytes, rows, wholeRows in
      let last = max(0, (wholeRows - 1 - (isBottom ? 1 : 0)) / 2)
      for row in 0..<rows {
        let from = min(wholeRows - 1, 2 * min(row, last) + (isBottom ? 1 : 0))
        plane.row(row).update(from: whole.row(from), count: bytes)
      }
    }
  }

  /// Copies `field`, which ``copyField(of:isBottom:)`` made, to its rows of this frame.
  package func weave(_ field: Frame, isBottom: Bool) {
    field.forEachPlane(with: self) { plane, whole, bytes, rows, wholeRows in
      for row in 0..<rows where 2 * row + (isBottom ? 1 : 0) < wholeRows {
        whole.row(2 * row + (isBottom ? 1 : 0)).update(from: plane.row(row), count: bytes)
      }
    }
  }

  /// Calls `body` for each plane of this field and the one of the frame that it belongs to.
  private func forEachPlane(
    with frame: Frame, _ body: (_ field: Plane, _ frame: Plane, _ bytes: Int, _ rows: Int, _ frameRows: Int) -> Void
  ) {
    for index in 0..<4 {
      guard let own = plane(index), let other = frame.plane(index) else { return }
      let isChroma = !pixelFormat.isRGB && (index == 1 || index == 2)
      let shift = isChroma ? pixelFormat.chromaShift.vertical : 0
      // The bytes of a row; padding beyond them may be missing in the last row.
      let bytes = Int(av_image_get_linesize(pixelFormat.libav, pointer.pointee.width, Int32(index)))
      guard bytes > 0 else { return }
      func rows(_ height: Int) -> Int { (height + (1 << shift) - 1) >> shift }
      body(
        Plane(base: own, stride: stride(index)), Plane(base: other, stride: frame.stride(index)), bytes, rows(height),
        rows(frame.height))
    }
  }
}

/// The first byte of a plane and the distance in bytes between its rows.
private struct Plane {
  let base: UnsafeMutablePointer<UInt8>
  let stride: Int

  func row(_ index: Int) -> UnsafeMutablePointer<UInt8> { base + index * stride }
}
