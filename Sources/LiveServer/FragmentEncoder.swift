import FFmpeg
import Hummingbird
import Streaming

/// Encodes frames as fragmented MP4, with one fragment per frame and no delay.
///
/// Sample times have no gaps, because browsers would treat a gap as the start of another stream: a frame's sample lasts
/// from the previous frame's time to its own. Not thread-safe.
final class FragmentEncoder {
  /// 90 kHz, the usual time base of video.
  static let timeBase = Rational(1, 90_000)
  /// An empty `free` box.
  static let heartbeat: [UInt8] = [0, 0, 0, 8] + Array("free".utf8)
  private static let name = "the stream"

  let format: VideoFormat
  /// Nil if the stream has no audio.
  private let audio: FragmentAudio?
  var hasAudio: Bool { audio != nil }
  private let encoder: Encoder
  private let muxer: Muxer
  private let head: StreamHead
  private let packet: Packet
  private let collector: Collector

  /// Collects the muxer's output until it is taken.
  private final class Collector {
    var bytes = ByteBuffer()

    func take() -> ByteBuffer {
      defer { bytes = ByteBuffer() }
      return bytes
    }
  }

  /// - Throws: `MediaError` if the installed libav lacks an encoder for H.264, or for AAC with `hasAudio`, or if the
  ///   encoder does not support the format.
  init(format: VideoFormat, hasAudio: Bool) throws {
    self.format = format
    audio = hasAudio ? try FragmentAudio() : nil
    let collector = Collector()
    self.collector = collector
    muxer = try Muxer(container: "mp4", named: Self.name) { collector.bytes.writeBytes($0) }
    encoder = try Encoder(
      EncoderSettings(
        codec: "libx264", format: format, timeBase: Self.timeBase, frameRate: Rational(30, 1),
        options: [
          "preset": "superfast", "tune": "zerolatency", "profile": "high", "crf": "23", "bf": "0",
          // Keyframes are inserted on request only.
          "g": "1000000", "forced-idr": "1",
        ], usesGlobalHeader: muxer.wantsGlobalHeader))
    packet = try Packet()
    _ = try muxer.addStream(encoder: encoder)
    if let audio { _ = try muxer.addStream(audio: audio.encoder) }
    try muxer.writeHeader(options: Muxer.fragmentOptions)
    muxer.flushBytes()
    let codecs = [Self.codecString(encoder.parameterSets)] + (hasAudio ? [AudioEncoder.codecString] : [])
    head = StreamHead(
      bytes: collector.take(), mediaType: "video/mp4; codecs=\"\(codecs.joined(separator: ", "))\"")
  }

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

  /// Encodes the fragment of one frame, which lasts from `time` for `duration`, and the audio up to its end.
  ///
  /// - Parameter seconds: The time on the source's clock at the end of the frame.
  /// - Returns: The fragment, or nil if the encoder has not produced one yet.
  /// - Throws: `MediaError`.
  func encode(
    _ frame: Frame, time: Int64, duration: Int64, isKeyframe: Bool, audio track: AudioTrack?, seconds: Double
  ) throws -> Segment? {
    frame.pts = time
    frame.clearPictureType()
    if isKeyframe { frame.requestKeyframe() }
    var isKey = false
    var isEmpty = true
    _ = try encoder.send(frame)
    while try encoder.receive(into: packet) == .output {
      packet.streamIndex = 0
      packet.duration = duration
      isKey = isKey || packet.isKeyframe
      isEmpty = false
      try muxer.write(packet)
    }
    if isEmpty { return nil }
    if let audio, let track {
      let end = Double(time + duration) * Self.timeBase.value
      try audio.encode(track, seconds: seconds, until: end) { packet in
        packet.streamIndex = 1
        try muxer.write(packet)
      }
    }
    try muxer.endFragment()
    return Segment(bytes: collector.take(), isKeyframe: isKey, head: head)
  }
}

/// Encodes frames as JPEG images of a `multipart/x-mixed-replace` stream, in which each image replaces the previous
/// one. Not thread-safe.
final class PictureEncoder {
  private static let boundary = "impasto-frame"
  static let head = StreamHead(
    bytes: ByteBuffer(string: "--\(boundary)\r\n"), mediaType: "multipart/x-mixed-replace; boundary=\(boundary)")
  private static let quantizer = 5

  private let source: VideoFormat
  private let target: Frame
  private let scaler: Scaler
  private let encoder: Encoder
  private let packet: Packet
  private var number: Int64 = 0

  /// - Throws: `MediaError` if the encoder does not support the size.
  init(format: VideoFormat) throws {
    source = format
    var wanted = format
    wanted.pixelFormat = .yuvj420p
    wanted.color = format.color(encodedAs: .yuvj420p)
    target = try Frame(wanted)
    scaler = try Scaler(from: format, to: wanted, filter: .bilinear)
    encoder = try Encoder(EncoderSettings(codec: "mjpeg", format: wanted, quantizer: Self.quantizer))
    packet = try Packet()
  }

  func fits(_ frame: Frame) -> Bool { frame.format == source }

  /// Returns the contents of a JPEG file.
  ///
  /// - Throws: `MediaError`.
  func encode(_ frame: Frame) throws -> [UInt8] {
    try target.makeWritable()
    try scaler.scale(frame, into: target)
    target.pts = number
    number += 1
    target.clearPictureType()
    _ = try encoder.send(target)
    var bytes: [UInt8] = []
    while try encoder.receive(into: packet) == .output { bytes += packet.bytes }
    return bytes
  }

  /// Returns one part of the stream. It includes the boundary at its end, because browsers wait for that.
  static func segment(_ jpeg: [UInt8]) -> Segment {
    var bytes = ByteBuffer(string: "Content-Type: image/jpeg\r\nContent-Length: \(jpeg.count)\r\n\r\n")
    bytes.writeBytes(jpeg)
    bytes.writeString("\r\n--\(boundary)\r\n")
    return Segment(bytes: bytes, isKeyframe: true, head: head)
  }
}
