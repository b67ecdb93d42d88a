import CFFmpeg

/// Turns decoded sound of any kind into interleaved stereo floats, -1…1, at one rate. For one thread.
public final class AudioConverter {
  /// Samples of each channel a second.
  public let rate: Int
  private var context: OpaquePointer?
  private var source: (rate: Int32, format: Int32, channels: Int32) = (0, 0, 0)
  private var buffer: [Float] = []

  /// A converter to `rate` samples a second.
  public init(rate: Int) { self.rate = rate }

  deinit { swr_free(&context) }

  /// Hands the sound of `frame` to `body`, two floats a sample; the sound may change its kind from frame to frame. Throws
  /// `MediaError` where libav cannot convert it.
  public func convert(_ frame: Frame, _ body: (UnsafeBufferPointer<Float>) throws -> Void) throws {
    let found = frame.pointer.pointee
    let kind = (found.sample_rate, found.format, cffmpeg_frame_channels(frame.pointer))
    if context == nil || kind != source {
      swr_free(&context)
      context = cffmpeg_new_resampler(frame.pointer, Int32(rate))
      source = kind
    }
    guard let context else {
      throw MediaError(operation: "convert", file: nil, message: "there is no conversion for such sound")
    }
    let capacity = swr_get_out_samples(context, found.nb_samples)
    if buffer.count < 2 * Int(max(0, capacity)) { buffer = [Float](repeating: 0, count: 2 * Int(capacity)) }
    try buffer.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let count = cffmpeg_resample(context, frame.pointer, base, capacity)
      try MediaError.check(count, "convert sound")
      try body(UnsafeBufferPointer(start: base, count: 2 * Int(count)))
    }
  }
}
