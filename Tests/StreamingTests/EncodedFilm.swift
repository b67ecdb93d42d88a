import FFmpeg

/// Encodes `count` frames, each made by `makeFrame` with its time, to a film at `path`.
func encodeFilm(
  _ path: String, codec: String = "libx264", _ format: VideoFormat, timeBase: Rational, options: [String: String],
  fieldOrder: FieldOrder = .progressive, count: Int, _ makeFrame: (_ index: Int) throws -> Frame
) throws {
  let muxer = try Muxer(path: path)
  let encoder = try Encoder(
    EncoderSettings(
      codec: codec, format: format, timeBase: timeBase, frameRate: Rational(25, 1), options: options,
      usesGlobalHeader: muxer.wantsGlobalHeader, fieldOrder: fieldOrder))
  let stream = try muxer.addStream(encoder: encoder)
  try muxer.writeHeader()
  let packet = try Packet()
  func drain() throws {
    while try encoder.receive(into: packet) == .output {
      packet.streamIndex = stream
      try muxer.write(packet)
    }
  }
  for index in 0..<count {
    let frame = try makeFrame(index)
    while try !encoder.send(frame) { try drain() }
    try drain()
  }
  while try !encoder.send(nil) { try drain() }
  try drain()
  try muxer.finish()
}
