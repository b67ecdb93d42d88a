import FFmpeg
import Hummingbird
import Streaming

/// The times of a frame of a stream.
struct FrameTimesOnStream {
  /// The seconds from which and to which the frame lasts on the stream's timeline.
  var start: Double
  var end: Double
  /// The seconds of the end on the source's clock.
  var seconds: Double
  /// When the source's frame arrived or was captured, on the ``ServerClock``.
  var captured: Int64
}

/// A picture as the encoder returns it.
struct EncodedPicture {
  let packet: Packet
  let isKeyframe: Bool
}

/// Encodes the frames of one view in one rendition, and writes them in each form that somebody watches. Not
/// thread-safe.
final class VideoEncoding {
  /// 90 kHz, the usual time base of video.
  static let timeBase = Rational(1, 90_000)
  /// The minimum interval in seconds between keyframes requested by viewers.
  private static let minimumKeyframeInterval = 0.5
  /// The maximum interval in seconds: players of fragments seek to keyframes.
  private static let maximumKeyframeInterval = 2.0
  /// The same without players of fragments.
  private static let maximumChunkKeyframeInterval = 20.0

  /// The format of the frames to encode.
  let source: VideoFormat
  private let rendition: Rendition
  private let format: VideoFormat
  private let scaling: (scaler: Scaler, frame: Frame)?
  private let encoder: Encoder
  private let packet: Packet
  private let audio: FragmentAudio?
  private var fragments: FragmentMuxer?
  private var chunkHead: StreamHead?
  /// The time of the latest keyframe; nil before the first.
  private var keyframe: Double?

  /// Opens an encoder.
  ///
  /// - Parameter parts: The number of pictures that a frame has, one above the other.
  /// - Throws: `MediaError` if the installed libav lacks an encoder for H.264, or if it does not support the format.
  init(format source: VideoFormat, rendition: Rendition, parts: Int, audio: FragmentAudio?) throws {
    self.source = source
    self.rendition = rendition
    self.audio = audio
    let format = rendition.format(of: source, parts: parts)
    self.format = format
    scaling =
      format == source ? nil : (try Scaler(from: source, to: format, filter: .bilinear), try Frame(format))
    encoder = try Encoder(
      EncoderSettings(
        codec: "libx264", format: format, timeBase: Self.timeBase, frameRate: Rational(30, 1),
        options: rendition.encoderOptions, usesGlobalHeader: true))
    packet = try Packet()
  }

  /// Whether this encodes such frames with such sound.
  func fits(_ frame: Frame, audio: FragmentAudio?) -> Bool { source == frame.format && self.audio === audio }

  /// Returns `avc1.` followed by profile, constraints and level, from the sequence parameter set (RFC 6381).
  static func codecString(_ parameterSets: [UInt8]) -> String {
    for index in parameterSets.indices.dropLast(6)
    where parameterSets[index..<index + 3].elementsEqual([0, 0, 1]) && parameterSets[index + 3] & 31 == 7 {
      let digits = parameterSets[index + 4..<index + 7].map { byte in
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
      }
      return "avc1." + digits.joined()
    }
    return "avc1.640028"
  }

  /// Encodes a frame once and writes it, and the sound up to its end, in the forms of the viewers.
  ///
  /// - Returns: The frame's segments; none if the encoder has not produced a picture yet.
  /// - Throws: `MediaError`.
  func encode(
    _ frame: Frame, _ times: FrameTimesOnStream, sound: [Packet], for broadcasts: [StreamForm: Broadcast]
  ) throws -> [StreamForm: Segment] {
    var target = frame
    if let scaling {
      try scaling.frame.makeWritable()
      try scaling.scaler.scale(frame, into: scaling.frame)
      target = scaling.frame
    }
    let ticks = Self.timeBase.inverse.value
    let (start, end) = (Int64((times.start * ticks).rounded()), Int64((times.end * ticks).rounded()))
    target.pts = start
    target.clearPictureType()
    if needsKeyframe(at: times.start, broadcasts) {
      target.requestKeyframe()
      keyframe = times.start
    }
    _ = try encoder.send(target)
    guard try encoder.receive(into: packet) == .output else { return [:] }
    packet.duration = end - start
    let picture = EncodedPicture(packet: packet, isKeyframe: packet.isKeyframe)
    var segments: [StreamForm: Segment] = [:]
    if broadcasts[.chunks]?.renditions.contains(rendition) == true {
      segments[.chunks] = try chunks(picture, times, sound)
    }
    if broadcasts[.mp4]?.renditions.contains(rendition) == true {
      let muxer = try fragments ?? FragmentMuxer(encoder, audio: audio?.encoder)
      fragments = muxer
      segments[.mp4] = try muxer.fragment(picture, start: start, captured: times.captured, sound: sound, rendition)
    }
    return segments
  }

  private func needsKeyframe(at time: Double, _ broadcasts: [StreamForm: Broadcast]) -> Bool {
    guard let keyframe else { return true }
    let hasFragments = (broadcasts[.mp4]?.viewerCount ?? 0) > 0
    let age = time - keyframe
    if age >= (hasFragments ? Self.maximumKeyframeInterval : Self.maximumChunkKeyframeInterval) { return true }
    return age >= Self.minimumKeyframeInterval && broadcasts.values.contains { $0.wantsKeyframe(of: rendition) }
  }

  private func chunks(_ picture: EncodedPicture, _ times: FrameTimesOnStream, _ sound: [Packet]) throws -> Segment {
    let sets = encoder.parameterSets
    let head = try chunkHead ?? ChunkRecords.head(sets, format, rendition, audio: audio?.encoder)
    chunkHead = head
    var bytes = ByteBuffer()
    bytes.reserveCapacity(picture.packet.size + sets.count + 64 + sound.reduce(0) { $0 + $1.size + 32 })
    ChunkRecords.add(picture, parameterSets: sets, times: times, to: &bytes)
    for packet in sound { ChunkRecords.add(sound: packet, to: &bytes) }
    return Segment(bytes: bytes, isKeyframe: picture.isKeyframe, head: head, rendition: rendition)
  }
}
