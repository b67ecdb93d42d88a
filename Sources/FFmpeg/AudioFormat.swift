import CFFmpeg

/// The sample rate, sample format and speakers of audio.
package struct AudioFormat: @unchecked Sendable {
  /// The sample rate in Hz.
  package var rate: Int
  var sampleFormat: AVSampleFormat
  /// Owns no memory: layouts with a map of their own are replaced by the usual one for their number of channels.
  var layout: AVChannelLayout

  init(rate: Int, sampleFormat: AVSampleFormat, layout: AVChannelLayout) {
    self.rate = rate
    self.sampleFormat = sampleFormat
    self.layout = layout
  }

  /// Creates the format of stereo floats, -1…1.
  ///
  /// - Parameters:
  ///   - rate: The sample rate in Hz.
  ///   - isPlanar: Whether each channel has its own plane; otherwise the channels alternate.
  package init(stereoFloatsAt rate: Int, isPlanar: Bool) {
    self.rate = rate
    sampleFormat = isPlanar ? AV_SAMPLE_FMT_FLTP : AV_SAMPLE_FMT_FLT
    layout = cffmpeg_default_layout(2)
  }

  /// Reads the format from the parameters of a stream; nil if it is unknown, because the container announces the stream
  /// and has no packets of it.
  init?(_ parameters: AVCodecParameters) {
    guard parameters.sample_rate > 0, parameters.ch_layout.nb_channels > 0 else { return nil }
    rate = Int(parameters.sample_rate)
    sampleFormat = AVSampleFormat(rawValue: parameters.format)
    var layout = parameters.ch_layout
    self.layout =
      cffmpeg_layout_is_native(&layout) != 0 ? layout : cffmpeg_default_layout(parameters.ch_layout.nb_channels)
  }

  /// The number of channels.
  package var channels: Int { Int(layout.nb_channels) }
}
