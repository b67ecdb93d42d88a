import CFFmpeg

extension Encoder {
  /// Whether the codec of `settings` says of interlaced frames that they are, in its own data. libav does not list
  /// this, so a frame is encoded and decoded.
  package static func codesFields(_ settings: EncoderSettings) -> Bool {
    do {
      let encoder = try Encoder(settings)
      let frame = try Frame(settings.format)
      for index in 0..<4 {
        guard let plane = frame.plane(index) else { break }
        let shift = index == 1 || index == 2 ? settings.format.pixelFormat.chromaShift.vertical : 0
        plane.update(repeating: 128, count: frame.stride(index) * ((frame.height + (1 << shift) - 1) >> shift))
      }
      frame.pts = 0
      frame.fieldOrder = settings.fieldOrder
      _ = try encoder.send(frame)
      _ = try encoder.send(nil)
      let decoder = try Decoder(encoder)
      let packet = try Packet()
      while try encoder.receive(into: packet) == .output { _ = try decoder.send(packet) }
      _ = try decoder.send(nil)
      return try decoder.receive(into: frame) == .output && frame.fieldOrder == settings.fieldOrder
    } catch {
      return false
    }
  }
}
