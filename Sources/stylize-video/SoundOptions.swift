import ArgumentParser
import Console
import FFmpeg

/// Options for the streams beside the video.
struct SoundOptions: ParsableArguments {
  @Option(
    help:
      "The encoder for all audio, by FFmpeg's name. (default: audio is copied; what the container does not support is converted to its usual codec)",
    transform: {
      do { return try TrackOptions.audioCodecName($0) } catch { throw ValidationError("\(error)") }
    })
  var audioCodec: String?

  @Option(
    help: ArgumentHelp(
      "The bit rate of audio that is encoded, in bits per second: 192k, 96000 ... (default: the encoder's)",
      valueName: "rate"),
    transform: SoundOptions.bitRate)
  var audioBitrate: Int?

  @Flag(help: "Fail if a stream cannot be copied, instead of converting or omitting it.")
  var strictCopy = false

  func validate() throws {
    if strictCopy, audioCodec != nil { throw ValidationError("--strict-copy cannot be combined with --audio-codec") }
  }

  var options: TrackOptions {
    TrackOptions(audioCodec: audioCodec, audioBitRate: audioBitrate, isStrictCopy: strictCopy)
  }

  /// Parses a number of bits per second, with `k` for thousands.
  @Sendable static func bitRate(_ text: String) throws -> Int {
    let isThousands = text.hasSuffix("k") || text.hasSuffix("K")
    let number = isThousands ? String(text.dropLast()) : text
    guard let value = Double(number), case let bits = value * (isThousands ? 1000 : 1),
      (1000...10_000_000).contains(bits)
    else { throw ValidationError("expected bits per second from 1k to 10000k, such as 192k") }
    return Int(bits)
  }
}
