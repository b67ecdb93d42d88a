/// How sound and subtitles get from a source into a file.
public struct TrackOptions: Sendable, Equatable {
  /// libav's name of an encoder or codec for all sound; nil copies what the container takes and converts the rest to
  /// its usual codec.
  public var audioCodec: String?
  /// The bit rate of sound that is encoded, in bits per second; nil for the encoder's default.
  public var audioBitRate: Int?
  /// Whether to refuse a film whose streams cannot all be copied.
  public var isStrictCopy: Bool

  /// Creates options. By default, streams are copied where the container takes them, and converted elsewhere.
  public init(audioCodec: String? = nil, audioBitRate: Int? = nil, isStrictCopy: Bool = false) {
    self.audioCodec = audioCodec
    self.audioBitRate = audioBitRate
    self.isStrictCopy = isStrictCopy
  }

  /// Returns `name` if libav has an audio encoder or codec with this name. Use it to parse a command line.
  ///
  /// - Throws: `MediaError` if there is none.
  @Sendable public static func audioCodecName(_ name: String) throws -> String {
    _ = try AudioCodec(encoder: name)
    return name
  }
}
