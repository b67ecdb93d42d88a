import CFFmpeg

/// Samples that wait for an encoder, which takes frames of a fixed length. Owns an `AVAudioFifo`.
final class AudioQueue {
  private let fifo: OpaquePointer
  private let format: AudioFormat

  /// Creates an empty queue.
  ///
  /// - Throws: `MediaError` if memory is short.
  init(_ format: AudioFormat) throws {
    self.format = format
    fifo = try MediaError.allocated(
      av_audio_fifo_alloc(format.sampleFormat, format.layout.nb_channels, 4096), "convert audio")
  }

  deinit { av_audio_fifo_free(fifo) }

  /// The number of waiting samples per channel.
  var count: Int { Int(av_audio_fifo_size(fifo)) }

  /// Appends the samples of `frame`.
  ///
  /// - Throws: `MediaError` if memory is short.
  func append(_ frame: Frame) throws { try MediaError.check(cffmpeg_fifo_write(fifo, frame.pointer), "convert audio") }

  /// Moves the first `samples` samples, or all if there are fewer, to `frame`, which gets a buffer of its own.
  ///
  /// - Throws: `MediaError` if memory is short.
  func take(_ samples: Int, into frame: Frame) throws {
    try frame.allocate(format, samples: min(samples, count))
    try MediaError.check(cffmpeg_fifo_read(fifo, frame.pointer), "convert audio")
  }
}
