import CFFmpeg

/// The size, pixel format and colours of a picture.
public struct VideoFormat: Equatable, Sendable {
  /// The number of pixels in a row.
  public var width: Int
  /// The number of rows.
  public var height: Int
  /// The layout of the samples in memory.
  public var pixelFormat: PixelFormat
  /// The meaning of the samples.
  public var color: ColorDescription

  /// Creates a format. The colours are unspecified by default.
  public init(width: Int, height: Int, pixelFormat: PixelFormat, color: ColorDescription = .unspecified) {
    self.width = width
    self.height = height
    self.pixelFormat = pixelFormat
    self.color = color
  }

  /// The bytes of a picture without gaps between its rows.
  package var byteCount: Int {
    guard let descriptor = av_pix_fmt_desc_get(pixelFormat.libav) else { return 0 }
    return (width * height * Int(av_get_padded_bits_per_pixel(descriptor)) + 7) / 8
  }

  /// The index of swscale's matrix coefficients: that of the tag, or else that of BT.2020 primaries, or else BT.709 for
  /// high definition and BT.601 below, as players assume.
  var effectiveMatrix: Int32 {
    switch color.matrix {
    case AVCOL_SPC_UNSPECIFIED, AVCOL_SPC_RESERVED, AVCOL_SPC_RGB:
      color.primaries == AVCOL_PRI_BT2020
        ? SWS_CS_BT2020 : width >= 1280 || height > 576 ? SWS_CS_ITU709 : SWS_CS_ITU601
    case AVCOL_SPC_BT2020_CL: SWS_CS_BT2020
    default: Int32(bitPattern: color.matrix.rawValue)
    }
  }

  /// The weights Kr and Kb (ITU-T H.273) of red and blue in luma, for the matrix that conversions use.
  public var lumaWeights: (red: Double, blue: Double) {
    guard let coefficients = sws_getCoefficients(effectiveMatrix) else { return (0.2126, 0.0722) }
    // The coefficients are what V adds to red and U adds to blue in limited range, in 1/65536: 2(1 − K)·255/224.
    func weight(_ index: Int) -> Double { 1 - Double(coefficients[index]) / 65536 * 224 / 255 / 2 }
    return (weight(0), weight(1))
  }

  /// The position of the first chroma sample in 1/256 of a luma pixel. Without a tag, it is the centre for JPEG and the
  /// left position of MPEG-2 otherwise.
  public var chromaPosition: (across: Int, down: Int) {
    var location = color.chromaLocation
    if location == AVCHROMA_LOC_UNSPECIFIED {
      location = pixelFormat.isFullRangeByName ? AVCHROMA_LOC_CENTER : AVCHROMA_LOC_LEFT
    }
    let isCentredAcross = [AVCHROMA_LOC_CENTER, AVCHROMA_LOC_TOP, AVCHROMA_LOC_BOTTOM].contains(location)
    let down =
      switch location {
      case AVCHROMA_LOC_TOPLEFT, AVCHROMA_LOC_TOP: 0
      case AVCHROMA_LOC_BOTTOMLEFT, AVCHROMA_LOC_BOTTOM: 256
      default: 128
      }
    return (isCentredAcross ? 128 : 0, down)
  }

  /// Whether the samples use the full range. Without a tag, grey does and YUV does not, as in swscale.
  public var isFullRange: Bool {
    if pixelFormat.isFullRangeByName || pixelFormat.isRGB { return true }
    if color.range == AVCOL_RANGE_UNSPECIFIED { return pixelFormat.isGray }
    return color.range == AVCOL_RANGE_JPEG
  }

  /// Returns the colour tags for this picture converted to `pixelFormat`, with a matrix and range that fit the format.
  ///
  /// RGB converted to YUV gets the matrix that the conversion uses, and limited range as usual for video.
  public func color(encodedAs pixelFormat: PixelFormat) -> ColorDescription {
    var result = color
    if pixelFormat.isRGB {
      result.matrix = AVCOL_SPC_RGB
      result.range = AVCOL_RANGE_JPEG
    } else if self.pixelFormat.isRGB || self.pixelFormat.isPalette || color.matrix == AVCOL_SPC_RGB {
      result.matrix =
        switch effectiveMatrix {
        case SWS_CS_BT2020: AVCOL_SPC_BT2020_NCL
        case SWS_CS_ITU709: AVCOL_SPC_BT709
        default: AVCOL_SPC_SMPTE170M
        }
      result.range = pixelFormat.isFullRangeByName ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
    } else if self.pixelFormat.isFullRangeByName || pixelFormat.isFullRangeByName {
      result.range = AVCOL_RANGE_JPEG
    }
    return result
  }

  func checkSize(_ operation: String, file: String?) throws {
    guard width > 0, height > 0, width <= 65536, height <= 65536 else {
      throw MediaError(
        operation: operation, file: file, message: "a picture of \(width)x\(height) pixels is out of range")
    }
    guard av_image_check_size(UInt32(width), UInt32(height), 0, nil) >= 0 else {
      cffmpeg_clear_last_log_line()
      throw MediaError(
        operation: operation, file: file,
        message: "a picture of \(width)x\(height) pixels is larger than libav can hold; a smaller size fits")
    }
  }
}
