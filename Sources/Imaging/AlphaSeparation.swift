import FFmpeg

/// Makes opaque frames of frames with alpha, for which alpha is not transparency but a mask. The colours stay as they
/// are, sample by sample. Not thread-safe.
package final class AlphaSeparation {
  /// The format of the frames with alpha.
  package let source: VideoFormat
  /// The format of the opaque frames.
  package let target: VideoFormat
  /// Converts palettes.
  private let scaler: Scaler?
  private let converted: Frame?
  private let samples: UnsafeMutablePointer<UInt16>

  /// Creates a separation of frames of `format`; nil if the format has no alpha, or if its colours are premultiplied as
  /// those of OpenEXR are, so that nothing is left where alpha is 0.
  ///
  /// - Throws: `MediaError` if swscale cannot convert the format or memory is short.
  package init?(_ format: VideoFormat) throws {
    guard format.pixelFormat.hasAlpha, !format.pixelFormat.hasFloatSamples else { return nil }
    var readable = format
    if !format.pixelFormat.hasIntegerSamples {
      readable.pixelFormat = .rgba
      readable.color = format.color(encodedAs: .rgba)
      scaler = try Scaler(from: format, to: readable)
      converted = try Frame(readable)
    } else {
      (scaler, converted) = (nil, nil)
    }
    guard let opaque = readable.pixelFormat.withoutAlpha else { return nil }
    source = format
    var target = readable
    target.pixelFormat = opaque
    self.target = target
    samples = .allocate(capacity: format.width)
    samples.initialize(repeating: 0, count: format.width)
  }

  deinit { samples.deallocate() }

  /// Returns the colours of `frame` with its times and properties.
  ///
  /// - Throws: `MediaError` if the frame has another format or memory is short.
  package func opaque(_ frame: Frame) throws -> Frame {
    guard frame.format == source else {
      throw MediaError(operation: "read a frame", file: nil, message: "it does not have the format of this separation")
    }
    let result = try Frame(target)
    try result.copyProperties(from: frame)
    result.color = target.color
    var readable = frame
    if let scaler, let converted {
      try scaler.scale(frame, into: converted)
      readable = converted
    }
    let format = target.pixelFormat
    result.clearSamples()
    for component in 0..<format.componentCount {
      let size = format.extents(of: component, width: target.width, height: target.height)
      for y in 0..<size.height {
        readable.readSamples(component: component, row: y, count: size.width, into: samples)
        result.writeSamples(component: component, row: y, count: size.width, from: samples)
      }
    }
    return result
  }
}

extension StoredPicture {
  /// Returns the picture with its colours alone; nil if it has no alpha that can be separated. See
  /// ``AlphaSeparation``.
  ///
  /// - Throws: `MediaError` if the format cannot be converted.
  package func withoutAlpha() throws -> StoredPicture? {
    guard let separation = try AlphaSeparation(frame.format) else { return nil }
    return StoredPicture(
      frame: try separation.opaque(frame), orientation: orientation, metadata: metadata, path: path)
  }
}
