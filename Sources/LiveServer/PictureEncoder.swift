import FFmpeg
import Hummingbird

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
  ///
  /// - Parameter captured: When the picture was captured, on the ``ServerClock``. The part's header has it in seconds,
  ///   as other servers of such streams do.
  static func segment(_ jpeg: [UInt8], captured: Int64) -> Segment {
    let fraction = String(captured % 1_000_000 + 1_000_000).dropFirst()
    var bytes = ByteBuffer(
      string: "Content-Type: image/jpeg\r\nContent-Length: \(jpeg.count)\r\n"
        + "X-Timestamp: \(captured / 1_000_000).\(fraction)\r\n\r\n")
    bytes.writeBytes(jpeg)
    bytes.writeString("\r\n--\(boundary)\r\n")
    return Segment(bytes: bytes, isKeyframe: true, head: head)
  }
}
