import CFFmpeg

/// What HDR video says about the display that it was graded on and about its light: SMPTE ST 2086 and CTA-861.3.
public struct HDRMetadata: Equatable, Sendable {
  /// libav's `AVMasteringDisplayMetadata`; nil if unknown.
  private let masteringDisplay: [UInt8]?
  /// libav's `AVContentLightMetadata`; nil if unknown.
  private let contentLight: [UInt8]?

  /// Reads the metadata of a decoded frame; nil if it has none.
  init?(_ frame: UnsafePointer<AVFrame>) {
    func bytes(_ type: AVFrameSideDataType) -> [UInt8]? {
      guard let data = av_frame_get_side_data(frame, type) else { return nil }
      return Array(UnsafeBufferPointer(start: data.pointee.data, count: data.pointee.size))
    }
    masteringDisplay = bytes(AV_FRAME_DATA_MASTERING_DISPLAY_METADATA)
    contentLight = bytes(AV_FRAME_DATA_CONTENT_LIGHT_LEVEL)
    if masteringDisplay == nil, contentLight == nil { return nil }
  }

  /// The parameters of x265 that write the metadata into the stream, `master-display=…:max-cll=…`; empty if there are
  /// none.
  package var x265Parameters: String {
    var result: [String] = []
    if let display = value(of: masteringDisplay, as: AVMasteringDisplayMetadata.self), display.has_primaries != 0,
      display.has_luminance != 0
    {
      func units(_ value: AVRational, _ unit: Double) -> Int {
        Int((Double(value.num) / Double(max(1, value.den)) * unit).rounded())
      }
      func point(_ name: String, _ x: AVRational, _ y: AVRational) -> String {
        "\(name)(\(units(x, 50_000)),\(units(y, 50_000)))"
      }
      let (red, green, blue) = display.display_primaries
      result.append(
        "master-display=" + point("G", green.0, green.1) + point("B", blue.0, blue.1) + point("R", red.0, red.1)
          + point("WP", display.white_point.0, display.white_point.1)
          + "L(\(units(display.max_luminance, 10_000)),\(units(display.min_luminance, 10_000)))")
    }
    if let light = value(of: contentLight, as: AVContentLightMetadata.self) {
      result.append("max-cll=\(light.MaxCLL),\(light.MaxFALL)")
    }
    return result.joined(separator: ":")
  }

  private func value<Value>(of bytes: [UInt8]?, as type: Value.Type) -> Value? {
    guard let bytes, bytes.count >= MemoryLayout<Value>.size else { return nil }
    return bytes.withUnsafeBytes { $0.loadUnaligned(as: type) }
  }

  /// Adds the metadata to a stream of a container, or replaces it there.
  func write(to stream: UnsafeMutablePointer<AVStream>, file: String) throws {
    let entries = [
      (AV_PKT_DATA_MASTERING_DISPLAY_METADATA, masteringDisplay), (AV_PKT_DATA_CONTENT_LIGHT_LEVEL, contentLight),
    ]
    for case (let type, let bytes?) in entries {
      let status = bytes.withUnsafeBytes { cffmpeg_stream_set_side_data(stream, type, $0.baseAddress, $0.count) }
      try MediaError.check(status, "write", file: file)
    }
  }
}

extension Frame {
  /// The HDR metadata of this frame; nil if it has none.
  public var hdrMetadata: HDRMetadata? { HDRMetadata(pointer) }
}
