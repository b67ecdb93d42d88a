import FFmpeg
import Foundation
import Hummingbird
import Streaming

/// The records of `video.chunks`: encoded pictures and sound with their times, for decoders that take each one by
/// itself, such as those of WebCodecs.
///
/// All numbers are big-endian. A record begins with the length of what follows (32 bits) and its kind (8 bits):
///
/// | kind | content |
/// |---|---|
/// | 0, padding | nothing of meaning |
/// | 1, configuration | JSON: the decoders' configurations and the rendition. The records after it belong to it. |
/// | 2, picture | flags (8 bits, 1 for a keyframe), time, duration, capture, encoding, then H.264 (Annex B) |
/// | 3, sound | time, duration, then one frame of AAC |
///
/// Times and durations are microseconds of the stream's timeline, 64 and 32 bits. Capture and encoding, 64
/// bits each, are when the source's frame arrived or was captured and when its painted one was encoded, on the
/// ``ServerClock``.
enum ChunkRecords {
  static let mediaType = "application/vnd.impasto.chunks"
  static let padding: [UInt8] = [0, 0, 0, 1, Kind.padding.rawValue]

  enum Kind: UInt8 {
    case padding, configuration, picture, sound
  }

  struct Configuration: Encodable {
    /// A `VideoDecoderConfig` of WebCodecs.
    struct Video: Encodable {
      var codec: String
      var codedWidth: Int
      var codedHeight: Int
    }

    /// An `AudioDecoderConfig` of WebCodecs, with the description in base64.
    struct Audio: Encodable {
      var codec: String
      var sampleRate: Int
      var numberOfChannels: Int
      var description: String
    }

    var video: Video
    var audio: Audio?
    var rendition: String
  }

  /// Returns the head of a stream.
  static func head(
    _ parameterSets: [UInt8], _ format: VideoFormat, _ rendition: Rendition, audio: AudioEncoder?
  ) throws -> StreamHead {
    let configuration = Configuration(
      video: .init(
        codec: VideoEncoding.codecString(parameterSets), codedWidth: format.width, codedHeight: format.height),
      audio: audio.map {
        .init(
          codec: AudioEncoder.codecString, sampleRate: AudioTrack.rate, numberOfChannels: 2,
          description: Data($0.header).base64EncodedString())
      },
      rendition: rendition.rawValue)
    let json = try Answer.data(configuration)
    var bytes = ByteBuffer()
    begin(.configuration, json.count, in: &bytes)
    bytes.writeBytes(json)
    return StreamHead(bytes: bytes, mediaType: mediaType)
  }

  private static func begin(_ kind: Kind, _ count: Int, in bytes: inout ByteBuffer) {
    bytes.writeInteger(UInt32(clamping: count + 1))
    bytes.writeInteger(kind.rawValue)
  }

  /// Adds a picture. A keyframe needs the parameter sets in front of it.
  static func add(
    _ picture: EncodedPicture, parameterSets: [UInt8], times: FrameTimesOnStream, to bytes: inout ByteBuffer
  ) {
    let sets = picture.isKeyframe ? parameterSets : []
    begin(.picture, 1 + 8 + 4 + 8 + 8 + sets.count + picture.packet.size, in: &bytes)
    bytes.writeInteger(UInt8(picture.isKeyframe ? 1 : 0))
    bytes.writeInteger(Int64((times.end * 1e6).rounded()))
    bytes.writeInteger(UInt32(clamping: Int64(((times.end - times.start) * 1e6).rounded())))
    bytes.writeInteger(times.captured)
    bytes.writeInteger(ServerClock.microseconds(of: .now))
    bytes.writeBytes(sets)
    picture.packet.withUnsafeBytes { _ = bytes.writeBytes($0) }
  }

  /// Adds a frame of AAC.
  static func add(sound packet: Packet, to bytes: inout ByteBuffer) {
    let scale = 1e6 / Double(AudioTrack.rate)
    begin(.sound, 8 + 4 + packet.size, in: &bytes)
    bytes.writeInteger(Int64((Double(packet.pts ?? 0) * scale).rounded()))
    bytes.writeInteger(UInt32(clamping: Int64((Double(packet.duration) * scale).rounded())))
    packet.withUnsafeBytes { _ = bytes.writeBytes($0) }
  }
}
