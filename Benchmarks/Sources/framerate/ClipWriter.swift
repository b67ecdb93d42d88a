import Console
import FFmpeg
import Streaming

/// Writes the video for the measurement of the whole pipeline: H.264 at 25 frames per second, in the container that the
/// file name implies.
struct ClipWriter {
  private let muxer: Muxer
  private let encoder: Encoder
  private let packet: Packet
  private let target: Frame
  private var scaler: Scaler?
  private var count = 0

  private init(path: String, size: FrameSize) throws {
    let isOdd = size.width % 2 + size.height % 2 > 0
    let format = VideoFormat(width: size.width, height: size.height, pixelFormat: isOdd ? .yuv444p : .yuv420p)
    muxer = try Muxer(path: path)
    encoder = try Encoder(
      EncoderSettings(
        codec: "libx264", format: format, frameRate: Rational(25, 1), threads: 0,
        options: ["crf": "20", "preset": "veryfast"], usesGlobalHeader: muxer.wantsGlobalHeader))
    _ = try muxer.addStream(encoder: encoder)
    try muxer.writeHeader()
    packet = try Packet()
    target = try Frame(format)
  }

  /// Writes `frames` frames of `size`: the scaled frames of `clip`, which repeats if it is too short, or of a ``Scene``
  /// if there is no clip.
  ///
  /// - Throws: `MediaError` if the video cannot be read or written.
  static func write(_ path: String, size: FrameSize, frames: Int, clip: String?) throws {
    var writer = try ClipWriter(path: path, size: size)
    if let clip {
      while writer.count < frames { try writer.append(clip: clip, until: frames) }
    } else {
      let scene = Scene(width: size.width, height: size.height)
      let source = try Frame(VideoFormat(width: size.width, height: size.height, pixelFormat: .rgb24))
      for number in 0..<frames {
        guard let plane = source.plane(0) else { break }
        let stride = source.stride(0)
        scene.forEachRow(ofFrame: number) { row, bytes in
          guard let base = bytes.baseAddress else { return }
          (plane + row * stride).update(from: base, count: bytes.count)
        }
        try writer.append(source)
      }
    }
    try writer.finish()
  }

  private mutating func append(clip: String, until frames: Int) throws {
    let demuxer = try Demuxer(path: clip)
    let stream = try demuxer.bestVideoStream()
    let decoder = try Decoder(stream, threads: 0)
    let frame = try Frame()
    let countBefore = count
    var isDraining = false
    while count < frames {
      switch try decoder.receive(into: frame) {
      case .output: try append(frame)
      case .ended: return try checkProgress(since: countBefore, clip)
      case .needsInput where isDraining: return try checkProgress(since: countBefore, clip)
      case .needsInput:
        isDraining = try !nextPacket(of: demuxer, stream)
        _ = try decoder.send(isDraining ? nil : packet)
      }
    }
  }

  private func nextPacket(of demuxer: Demuxer, _ stream: MediaStream) throws -> Bool {
    while try demuxer.read(into: packet) {
      if packet.streamIndex == stream.index { return true }
    }
    return false
  }

  private func checkProgress(since countBefore: Int, _ clip: String) throws {
    guard count == countBefore else { return }
    throw MediaError(operation: "decode", file: clip, message: "none of its frames can be decoded")
  }

  private mutating func append(_ source: Frame) throws {
    if scaler?.source != source.format { scaler = try Scaler(from: source.format, to: target.format) }
    // The encoder may still be reading the previous frame.
    try target.makeWritable()
    try scaler?.scale(source, into: target)
    target.pts = Int64(count)
    target.duration = 1
    count += 1
    while try !encoder.send(target) { try drain() }
    try drain()
  }

  private func finish() throws {
    while try !encoder.send(nil) { try drain() }
    try drain()
    try muxer.finish()
  }

  private func drain() throws {
    while try encoder.receive(into: packet) == .output {
      packet.streamIndex = 0
      if packet.duration == 0 { packet.duration = 1 }
      try muxer.write(packet)
    }
  }
}
