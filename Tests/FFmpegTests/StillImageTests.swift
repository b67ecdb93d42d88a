import FFmpeg
import Foundation
import TestSupport
import Testing

@Suite struct StillImageTests {
  @Test(arguments: [(1, 1), (7, 5), (64, 33)])
  func pngRoundTripIsExact(width: Int, height: Int) throws {
    let directory = try TemporaryFolder()
    let file = directory.file("a%03d.png")
    let source = try Pictures.frame(width: width, height: height)
    let bytes = try Encoder(EncoderSettings(codec: "png", format: source.format)).encodeStill(source)
    try Data(bytes).write(to: URL(fileURLWithPath: file))

    let decoded = try Demuxer(path: file).firstFrame()
    #expect(decoded.width == width && decoded.height == height && decoded.pixelFormat == .rgb24)
    #expect(Pictures.difference(source, decoded).largest == 0)
  }

  @Test(arguments: [("mjpeg", "jpg", PixelFormat.yuvj444p), ("libwebp", "webp", .yuv420p)])
  func lossyRoundTripIsNear(codec: String, suffix: String, pixelFormat: PixelFormat) throws {
    let directory = try TemporaryFolder()
    let file = directory.file("a." + suffix)
    let source = try Pictures.frame(width: 61, height: 47)
    let converted = try Frame(VideoFormat(width: 61, height: 47, pixelFormat: pixelFormat))
    try Scaler(from: source.format, to: converted.format).scale(source, into: converted)
    let settings = EncoderSettings(
      codec: codec, format: converted.format, quantizer: codec == "mjpeg" ? 2 : nil,
      options: codec == "mjpeg" ? [:] : ["quality": "95"])
    let bytes = try Encoder(settings).encodeStill(converted)
    try Data(bytes).write(to: URL(fileURLWithPath: file))

    let decoded = try Demuxer(path: file).firstFrame()
    let result = try Frame(source.format)
    try Scaler(from: decoded.format, to: result.format).scale(decoded, into: result)
    // A smooth picture at high quality: quantisation of 8-bit YUV and the codec change a value by a few steps of 255.
    #expect(Pictures.difference(source, result).mean < 2)
  }

  @Test func rejectsUnknownOption() throws {
    let format = VideoFormat(width: 8, height: 8, pixelFormat: .rgb24)
    #expect(throws: MediaError.self) {
      try Encoder(EncoderSettings(codec: "png", format: format, options: ["no-such-option": "1"]))
    }
    #expect(throws: MediaError.self) { try Encoder(EncoderSettings(codec: "no-such-codec", format: format)) }
  }
}
