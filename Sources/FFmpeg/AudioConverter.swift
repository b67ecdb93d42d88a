import CFFmpeg

/// Converts decoded audio of any format to interleaved stereo floats, -1…1, at one sample rate. Use it from one thread
/// at a time.
package final class AudioConverter {
  /// The sample rate in Hz.
  package let rate: Int
  private var context: OpaquePointer?
  private var source: (rate: Int32, format: Int32, channels: Int32) = (0, 0, 0)
  private var buffer: [Float] = []

  /// Creates a converter to a sample rate in Hz.
  package init(rate: Int) { self.rate = rate }

  deinit { swr_free(&context) }

  /// Converts the audio of `frame` and passes it to `body`, two floats per sample. The format may change from frame to
  /// frame.
  ///
  /// - Throws: `MediaError` if libav cannot convert the audio, or the error of `body`.
  package func convert(_ frame: Frame, _ body: (UnsafeBufferPointer<Float>) throws -> Void) throws {
    let found = frame.pointer.pointee
    let kind = (found.sample_rate, found.format, cffmpeg_frame_channels(frame.pointer))
    if context == nil || kind != source {
      swr_free(&context)
      context = cffmpeg_new_resampler(frame.pointer, Int32(rate))
      source = kind
    }
    guard let context else {
      throw MediaError(operation: "convert audio", file: nil, message: "libav cannot convert this audio format")
    }
    let capacity = swr_get_out_samples(context, found.nb_samples)
    if buffer.count < 2 * Int(max(0, capacity)) { buffer = [Float](repeating: 0, count: 2 * Int(capacity)) }
    try buffer.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let count = cffmpeg_resample(context, frame.pointer, base, capacity)
      try MediaError.check(count, "convert audio")
      try body(UnsafeBufferPointer(start: base, count: 2 * Int(count)))
    }
  }
}
