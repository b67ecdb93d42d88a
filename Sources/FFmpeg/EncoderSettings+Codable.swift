import CFFmpeg

/// Settings as text, with which another process opens the same encoder. Names are those of libav, and colours are the
/// numbers of ITU-T H.273.
extension EncoderSettings: Codable {
  private struct Stored: Codable {
    var codec: String
    var width: Int
    var height: Int
    var pixelFormat: String
    /// Range, primaries, transfer, matrix and chroma location.
    var color: [UInt32]
    var timeBase: [Int32]
    var frameRate: [Int32]?
    var sampleAspectRatio: [Int32]
    var threads: Int
    var quantizer: Int?
    var options: [String: String]
    var usesGlobalHeader: Bool
    /// 1 for the top field first, -1 for the bottom field first, 0 for progressive frames.
    var fieldOrder: Int
  }

  /// Reads settings.
  ///
  /// - Throws: `DecodingError` if a value is missing or unknown to this libav.
  public init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.singleValueContainer()
    let stored = try container.decode(Stored.self)
    func rational(_ numbers: [Int32]) throws -> Rational {
      guard numbers.count == 2 else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected two numbers of a fraction")
      }
      return Rational(numbers[0], numbers[1])
    }
    // The codec's own limits come later.
    guard (0...1024).contains(stored.quantizer ?? 0), (0...65536).contains(stored.threads) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "a number is out of range")
    }
    guard let pixelFormat = PixelFormat(named: stored.pixelFormat), stored.color.count == 5 else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "unknown pixel format '\(stored.pixelFormat)' or colours")
    }
    let color = ColorDescription(
      range: AVColorRange(stored.color[0]), primaries: AVColorPrimaries(stored.color[1]),
      transfer: AVColorTransferCharacteristic(stored.color[2]), matrix: AVColorSpace(stored.color[3]),
      chromaLocation: AVChromaLocation(stored.color[4]))
    self.init(
      codec: stored.codec,
      format: VideoFormat(width: stored.width, height: stored.height, pixelFormat: pixelFormat, color: color),
      timeBase: try rational(stored.timeBase), frameRate: try stored.frameRate.map(rational),
      sampleAspectRatio: try rational(stored.sampleAspectRatio), threads: stored.threads, quantizer: stored.quantizer,
      options: stored.options, usesGlobalHeader: stored.usesGlobalHeader,
      fieldOrder: stored.fieldOrder > 0 ? .topFieldFirst : stored.fieldOrder < 0 ? .bottomFieldFirst : .progressive)
  }

  /// Writes the settings.
  public func encode(to encoder: any Swift.Encoder) throws {
    func numbers(_ value: Rational) -> [Int32] { [value.numerator, value.denominator] }
    var container = encoder.singleValueContainer()
    try container.encode(
      Stored(
        codec: codec, width: format.width, height: format.height, pixelFormat: format.pixelFormat.name,
        color: [
          format.color.range.rawValue, format.color.primaries.rawValue, format.color.transfer.rawValue,
          format.color.matrix.rawValue, format.color.chromaLocation.rawValue,
        ], timeBase: numbers(timeBase), frameRate: frameRate.map(numbers),
        sampleAspectRatio: numbers(sampleAspectRatio), threads: threads, quantizer: quantizer,
        options: options, usesGlobalHeader: usesGlobalHeader,
        fieldOrder: fieldOrder == .topFieldFirst ? 1 : fieldOrder == .bottomFieldFirst ? -1 : 0))
  }
}
