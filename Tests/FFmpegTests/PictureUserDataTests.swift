import FFmpeg
import Testing

@Suite struct PictureUserDataTests {
  /// Encodes ten frames with an active format and captions, and returns what a decoder finds in them.
  private func roundTrip(_ codec: String, reorders: Bool) throws -> [(format: UInt8?, captions: [UInt8]?)] {
    let format = VideoFormat(width: 128, height: 96, pixelFormat: .yuv420p)
    let encoder = try Encoder(
      EncoderSettings(
        codec: codec, format: format, frameRate: Rational(25, 1),
        options: ["bf": reorders ? "2" : "0"].merging(codec == "libx265" ? ["x265-params": "log-level=none"] : [:]) {
          $1
        }))
    let writer = PictureUserData.Writer(encoder)
    let frame = try Frame(format)
    var waiting: [Int64: PictureUserData] = [:]
    var packets: [Packet] = []
    func drain() throws {
      try encoder.drain {
        if let pts = $0.pts, let data = waiting[pts] { try data.insert(into: $0) }
        packets.append($0)
      }
    }
    for number in 0..<10 {
      for plane in 0..<3 { frame.plane(plane)?.update(repeating: UInt8(20 * number), count: 32) }
      frame.pts = Int64(number)
      try frame.setActiveFormat(UInt8(number))
      try frame.setClosedCaptions(Self.captions(number))
      let data = try #require(writer.userData(of: frame))
      waiting[Int64(number)] = data
      _ = try encoder.send(frame)
      try drain()
    }
    _ = try encoder.send(nil)
    try drain()
    let decoder = try Decoder(codec: try #require(Self.decoders[codec]), named: codec, maximumPixelCount: 1 << 20)
    var result: [(UInt8?, [UInt8]?)] = []
    let decoded = try Frame()
    func receive() throws {
      while try decoder.receive(into: decoded) == .output {
        result.append((decoded.activeFormat, decoded.closedCaptions))
      }
    }
    for packet in packets {
      _ = try decoder.send(packet)
      try receive()
    }
    _ = try decoder.send(nil)
    try receive()
    return result
  }

  private static let decoders = ["libx264": "h264", "libx265": "hevc", "mpeg2video": "mpeg2video"]

  /// Two triplets, with zeros that look like a start code.
  private static func captions(_ number: Int) -> [UInt8] { [0xfc, 0x00, 0x00, 0xfc, 0x00, UInt8(number)] }

  @Test(arguments: [("libx264", true), ("libx264", false), ("libx265", true), ("mpeg2video", true)])
  func everyFrameKeepsItsData(_ case: (codec: String, reorders: Bool)) throws {
    let found = try roundTrip(`case`.codec, reorders: `case`.reorders)
    #expect(found.count == 10)
    // libavcodec's decoder for HEVC reads captions only.
    if `case`.codec != "libx265" { #expect(found.map(\.format) == (0..<10).map { UInt8($0) }) }
    for (number, data) in found.enumerated() {
      #expect(data.captions?.starts(with: Self.captions(number)) == true, "\(number): \(data.captions ?? [])")
    }
  }

  @Test func otherFramesCostNothing() throws {
    let format = VideoFormat(width: 64, height: 48, pixelFormat: .yuv420p)
    let encoder = try Encoder(EncoderSettings(codec: "libx264", format: format))
    #expect(PictureUserData.Writer(encoder).userData(of: try Frame(format)) == nil)
  }
}
