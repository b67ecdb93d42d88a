import FFmpeg
import Foundation
import TestSupport
import Testing

/// A film of two seconds with a grey picture and a tone, subtitles, or both.
struct Film {
  static let frameCount = 50
  static let seconds = 2.0
  /// The root mean square of the tone.
  static let level = 0.5 / 2.0.squareRoot()
  static let text =
    "1\n00:00:00,200 --> 00:00:00,700\nGrüße, <i>Welt</i>\n\n2\n00:00:00,900 --> 00:00:01,500\nZweite\nZeile\n"

  let path: String

  /// Writes the film.
  ///
  /// - Parameters:
  ///   - audio: The encoder of the tone; nil for none.
  ///   - rate: The sample rate in Hz.
  ///   - start: When the tone begins, in seconds.
  ///   - gap: The part of the tone whose packets are left out, in seconds.
  ///   - subtitles: The text of a SubRip file; nil for none.
  ///   - title: The title of the audio stream; nil for none.
  ///   - attachment: The content of an attached font; nil for none.
  init(
    _ folder: TemporaryFolder, _ name: String, audio: String? = nil, rate: Int = 48_000, start: Double = 0,
    gap: Range<Double>? = nil, subtitles: String? = nil, title: String? = nil, attachment: [UInt8]? = nil
  ) throws {
    path = folder.file(name)
    let muxer = try Muxer(path: path)
    let codec = name.hasSuffix("webm") ? "libvpx" : "mpeg4"
    let format = VideoFormat(width: 64, height: 48, pixelFormat: .yuv420p)
    let encoder = try Encoder(
      EncoderSettings(
        codec: codec, format: format, frameRate: Rational(25, 1), usesGlobalHeader: muxer.wantsGlobalHeader))
    let video = try muxer.addStream(encoder: encoder)
    let sound = try audio.map { try Tone($0, rate: rate, usesGlobalHeader: muxer.wantsGlobalHeader) }
    let soundIndex = try sound.map { try muxer.addStream(audio: $0.encoder) }
    if let title, let soundIndex { muxer.setTag("title", to: title, stream: soundIndex) }
    let text = try subtitles.map { text in
      try folder.write(Array(text.utf8), to: "text.srt")
      return try Demuxer(path: folder.file("text.srt"))
    }
    let textIndex = try text?.streams.first.map { try muxer.addStream(copying: $0) }
    if let textIndex { muxer.setTag("language", to: "deu", stream: textIndex) }
    if let attachment { _ = try muxer.addStream(attachment: attachment, named: "a.ttf", type: "font/ttf") }
    try muxer.writeHeader()
    let frame = try Frame(format)
    func drain() throws {
      try encoder.drain {
        $0.streamIndex = video
        try muxer.write($0)
      }
    }
    for number in 0..<Self.frameCount {
      frame.pts = Int64(number)
      _ = try encoder.send(frame)
      try drain()
    }
    _ = try encoder.send(nil)
    try drain()
    try sound?.encode(seconds: Self.seconds, start: start) { packet in
      let time = Double(packet.pts ?? 0) / Double(rate)
      if let gap, gap.contains(time) { return }
      packet.streamIndex = soundIndex ?? 0
      try muxer.write(packet)
    }
    while let text, case let packet = try Packet(), try text.read(into: packet) {
      packet.streamIndex = textIndex ?? 0
      try muxer.write(packet)
    }
    try muxer.finish()
  }
}

/// A tone of 440 Hz.
struct Tone {
  let encoder: AudioEncoder
  private let rate: Int

  init(_ name: String, rate: Int, usesGlobalHeader: Bool) throws {
    let codec = try AudioCodec(encoder: name)
    let format = try #require(codec.formats(like: AudioFormat(stereoFloatsAt: rate, isPlanar: false)).first)
    encoder = try AudioEncoder(codec, format, usesGlobalHeader: usesGlobalHeader)
    self.rate = rate
  }

  func encode(seconds: Double, start: Double, _ body: (Packet) throws -> Void) throws {
    let converter = try AudioConverter(encoder.format)
    let length = encoder.packetLength > 0 ? encoder.packetLength : 1024
    let floats = AudioFormat(stereoFloatsAt: rate, isPlanar: false)
    let frame = try Frame()
    func drain() throws {
      while case let packet = try Packet(), try encoder.receive(into: packet) == .output { try body(packet) }
    }
    let first = Int64(start * Double(rate))
    for begin in stride(from: 0, to: Int(seconds * Double(rate)), by: length) {
      let count = min(length, Int(seconds * Double(rate)) - begin)
      try frame.allocate(floats, samples: count)
      let plane = try #require(frame.plane(0))
      plane.withMemoryRebound(to: Float.self, capacity: 2 * count) { plane in
        for index in 0..<2 * count {
          plane[index] = 0.5 * sin(2 * Float.pi * 440 * Float(begin + index / 2) / Float(rate))
        }
      }
      try converter.convert(frame) { (converted: Frame) in
        converted.pts = first + Int64(begin)
        try encoder.send(converted)
      }
      try drain()
    }
    try encoder.send(nil)
    try drain()
  }
}

/// The decoded audio of a stream, mixed to one channel.
struct Sound {
  private static let rate = 48_000
  private var samples: [Float] = []

  init(_ demuxer: Demuxer, _ stream: MediaStream) throws {
    let decoder = try Decoder(stream)
    let converter = try AudioConverter(rate: Self.rate)
    let (packet, frame) = (try Packet(), try Frame())
    func receive() throws -> [Float] {
      var result: [Float] = []
      while try decoder.receive(into: frame) == .output {
        try converter.convert(frame) { (floats: UnsafeBufferPointer<Float>) in
          for index in 0..<floats.count / 2 { result.append((floats[2 * index] + floats[2 * index + 1]) / 2) }
        }
      }
      return result
    }
    while try demuxer.read(into: packet) {
      guard packet.streamIndex == stream.index else { continue }
      _ = try decoder.send(packet)
      samples += try receive()
    }
    _ = try decoder.send(nil)
    samples += try receive()
  }

  var seconds: Double { Double(samples.count) / Double(Self.rate) }

  /// The root mean square of a part, in seconds.
  func level(from start: Double, to end: Double) -> Double {
    let part = samples[min(samples.count, Int(start * 48_000))..<min(samples.count, Int(end * 48_000))]
    return part.isEmpty ? 0 : (part.reduce(0) { $0 + Double($1) * Double($1) } / Double(part.count)).squareRoot()
  }
}

extension Encoder {
  /// Passes the waiting packets to `body`.
  func drain(_ body: (Packet) throws -> Void) throws {
    while case let packet = try Packet(), try receive(into: packet) == .output { try body(packet) }
  }
}
