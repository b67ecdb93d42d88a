import CFFmpeg

/// The meaning of a picture's sample values: the colour tags of a stream or frame, each possibly unspecified.
public struct ColorDescription: Equatable, Sendable {
  var range = AVCOL_RANGE_UNSPECIFIED
  var primaries = AVCOL_PRI_UNSPECIFIED
  var transfer = AVCOL_TRC_UNSPECIFIED
  var matrix = AVCOL_SPC_UNSPECIFIED
  var chromaLocation = AVCHROMA_LOC_UNSPECIFIED

  init(
    range: AVColorRange, primaries: AVColorPrimaries, transfer: AVColorTransferCharacteristic, matrix: AVColorSpace,
    chromaLocation: AVChromaLocation
  ) {
    self.range = range
    self.primaries = primaries
    self.transfer = transfer
    self.matrix = matrix
    self.chromaLocation = chromaLocation
  }

  /// A description that specifies nothing.
  public static let unspecified = ColorDescription(
    range: AVCOL_RANGE_UNSPECIFIED, primaries: AVCOL_PRI_UNSPECIFIED, transfer: AVCOL_TRC_UNSPECIFIED,
    matrix: AVCOL_SPC_UNSPECIFIED, chromaLocation: AVCHROMA_LOC_UNSPECIFIED)

  /// Full-range sRGB samples.
  public static let sRGB = ColorDescription(
    range: AVCOL_RANGE_JPEG, primaries: AVCOL_PRI_BT709, transfer: AVCOL_TRC_IEC61966_2_1, matrix: AVCOL_SPC_RGB,
    chromaLocation: AVCHROMA_LOC_UNSPECIFIED)

  /// Limited-range BT.709, the colours of high-definition video.
  package static let bt709 = ColorDescription(
    range: AVCOL_RANGE_MPEG, primaries: AVCOL_PRI_BT709, transfer: AVCOL_TRC_BT709, matrix: AVCOL_SPC_BT709,
    chromaLocation: AVCHROMA_LOC_UNSPECIFIED)

  /// The colours of JPEG: BT.601 matrix, full range, chroma in the centre.
  public static let jpeg = ColorDescription(
    range: AVCOL_RANGE_JPEG, primaries: AVCOL_PRI_UNSPECIFIED, transfer: AVCOL_TRC_UNSPECIFIED,
    matrix: AVCOL_SPC_BT470BG, chromaLocation: AVCHROMA_LOC_CENTER)

  /// libav's name for the range: `tv` (limited) or `pc` (full); nil if unspecified.
  public var rangeName: String? { range == AVCOL_RANGE_UNSPECIFIED ? nil : Self.string(av_color_range_name(range)) }
  /// libav's name for the primaries, such as `bt709`; nil if unspecified.
  public var primariesName: String? {
    primaries == AVCOL_PRI_UNSPECIFIED ? nil : Self.string(av_color_primaries_name(primaries))
  }
  /// libav's name for the transfer characteristic; nil if unspecified.
  public var transferName: String? {
    transfer == AVCOL_TRC_UNSPECIFIED ? nil : Self.string(av_color_transfer_name(transfer))
  }
  /// libav's name for the matrix, such as `bt709`; nil if unspecified.
  public var matrixName: String? { matrix == AVCOL_SPC_UNSPECIFIED ? nil : Self.string(av_color_space_name(matrix)) }
  /// libav's name for the chroma location, such as `left`; nil if unspecified.
  public var chromaLocationName: String? {
    chromaLocation == AVCHROMA_LOC_UNSPECIFIED ? nil : Self.string(av_chroma_location_name(chromaLocation))
  }

  /// Whether the transfer characteristic is that of PQ or HLG (ITU-R BT.2100).
  public var isHDR: Bool { [AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67].contains(transfer) }

  /// Returns this description with its unspecified tags taken from `other`.
  public func filled(from other: ColorDescription) -> ColorDescription {
    var result = self
    if result.range == AVCOL_RANGE_UNSPECIFIED { result.range = other.range }
    if result.primaries == AVCOL_PRI_UNSPECIFIED { result.primaries = other.primaries }
    if result.transfer == AVCOL_TRC_UNSPECIFIED { result.transfer = other.transfer }
    if result.matrix == AVCOL_SPC_UNSPECIFIED { result.matrix = other.matrix }
    if result.chromaLocation == AVCHROMA_LOC_UNSPECIFIED { result.chromaLocation = other.chromaLocation }
    return result
  }

  private static func string(_ pointer: UnsafePointer<CChar>?) -> String? { pointer.map { String(cString: $0) } }
}
