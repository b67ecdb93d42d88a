import CFFmpeg

/// Converts decoded audio of any format to one format. Use it from one thread at a time.
package final class AudioConverter {
  /// The format of the result.
  package let format: AudioFormat
  private var context: OpaquePointer?
  private var source: (rate: Int32, format: Int32, channels: Int32) = (0, 0, 0)
  private let converted: Frame
  /// The number of samples that ``converted`` has room for.
  private var capacity: Int32 = 0

  /// Creates a converter to interleaved stereo floats, -1…1, at a sample rate in Hz.
  ///
  /// - Throws: `MediaError` if memory is short.
  package convenience init(rate: Int) throws { try self.init(AudioFormat(stereoFloatsAt: rate, isPlanar: false)) }

  /// Creates a converter to `format`.
  ///
  /// - Throws: `MediaError` if memory is short.
  package init(_ format: AudioFormat) throws {
    self.format = format
    converted = try Frame()
  }

  deinit { swr_free(&context) }

  /// Converts the audio of `frame` and passes it to `body`, two floats per sample, for a converter to interleaved
  /// stereo floats. The format of `frame` may change from call to call.
  ///
  /// - Throws: `MediaError` if libav cannot convert the audio, or the error of `body`.
  package func convert(_ frame: Frame, _ body: (UnsafeBufferPointer<Float>) throws -> Void) throws {
    try convert(frame) { (result: Frame) in
      guard let plane = result.plane(0) else { return }
      let count = 2 * Int(result.pointer.pointee.nb_samples)
      try plane.withMemoryRebound(to: Float.self, capacity: count) {
        try body(UnsafeBufferPointer(start: $0, count: count))
      }
    }
  }

  /// Converts the audio of `frame` and passes it to `body`, whose frame is valid until it returns. The format of
  /// `frame` may change from call to call.
  ///
  /// - Throws: `MediaError` if libav cannot convert the audio, or the error of `body`.
  package func convert(_ frame: Frame, _ body: (Frame) throws -> Void) throws {
    let found = frame.pointer.pointee
    let kind = (found.sample_rate, found.format, cffmpeg_frame_channels(frame.pointer))
    if context == nil || kind != source {
      try flush(body)
      swr_free(&context)
      var layout = format.layout
      context = cffmpeg_new_resampler(frame.pointer, &layout, format.sampleFormat, Int32(format.rate))
      source = kind
    }
    try pass(frame, body)
  }

  /// Passes the samples that the resampler holds back to `body`, at the end of the audio.
  ///
  /// - Throws: `MediaError` if libav cannot convert the audio, or the error of `body`.
  func flush(_ body: (Frame) throws -> Void) throws {
    if context != nil { try pass(nil, body) }
  }

  private func pass(_ frame: Frame?, _ body: (Frame) throws -> Void) throws {
    guard let context else {
      throw MediaError(operation: "convert audio", file: nil, message: "libav cannot convert this audio format")
    }
    let needed = max(1, swr_get_out_samples(context, frame?.pointer.pointee.nb_samples ?? 0))
    if capacity < needed {
      try converted.allocate(format, samples: Int(needed))
      capacity = needed
    }
    let count = cffmpeg_resample(context, frame?.pointer, converted.pointer.pointee.extended_data, capacity)
    try MediaError.check(count, "convert audio")
    guard count > 0 else { return }
    converted.pointer.pointee.nb_samples = count
    try body(converted)
  }
}
