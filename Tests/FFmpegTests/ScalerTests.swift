import FFmpeg
import Testing

@Suite struct ScalerTests {
  /// A conversion to subsampled chroma and back must not shift the colours of a picture with a sharp edge.
  @Test(arguments: ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le", "nv12"], [(64, 48), (65, 47), (7, 5)])
  func conversionToYUVAndBackKeepsPositionAndColour(name: String, size: (Int, Int)) throws {
    let source = try Pictures.frame(width: size.0, height: size.1)
    let format = VideoFormat(width: size.0, height: size.1, pixelFormat: try #require(PixelFormat(named: name)))
    let middle = try Frame(format)
    let result = try Frame(source.format)
    try Scaler(from: source.format, to: format).scale(source, into: middle)
    try Scaler(from: format, to: source.format).scale(middle, into: result)
    // The gradient is at most 23 steps per pixel in the smallest picture, where the border matters most. A shift by
    // half a chroma sample would change the mean at every size.
    let difference = Pictures.difference(source, result)
    #expect(difference.mean < (size.0 < 10 ? 6 : 1.5), "mean \(difference.mean), largest \(difference.largest)")
  }

  @Test func respectsRangeAndMatrix() throws {
    let source = try Frame(VideoFormat(width: 16, height: 16, pixelFormat: .rgb24))
    Pictures.fill(source) { _, _ in [255, 255, 255] }
    let limited = try Frame(VideoFormat(width: 16, height: 16, pixelFormat: .yuv444p))
    let full = try Frame(VideoFormat(width: 16, height: 16, pixelFormat: .yuvj444p))
    try Scaler(from: source.format, to: limited.format).scale(source, into: limited)
    try Scaler(from: source.format, to: full.format).scale(source, into: full)
    // White is 235 in limited range and 255 in full range, within one step of rounding.
    #expect(abs(Int(try #require(limited.plane(0))[0]) - 235) <= 1)
    #expect(abs(Int(try #require(full.plane(0))[0]) - 255) <= 1)

    Pictures.fill(source) { _, _ in [255, 0, 0] }
    let high = try Frame(VideoFormat(width: 1280, height: 720, pixelFormat: .yuv444p))
    try Scaler(from: source.format, to: limited.format).scale(source, into: limited)
    try Scaler(from: source.format, to: high.format).scale(source, into: high)
    // Luma of red: 16 + 219 · 0.299 in BT.601, 16 + 219 · 0.2126 in BT.709.
    #expect(abs(Int(try #require(limited.plane(0))[0]) - 81) <= 1)
    #expect(abs(Int(try #require(high.plane(0))[0]) - 63) <= 1)
  }

  @Test func rejectsWrongFramesAndSizes() throws {
    let format = VideoFormat(width: 16, height: 16, pixelFormat: .rgb24)
    let scaler = try Scaler(from: format, to: format)
    let other = try Frame(VideoFormat(width: 16, height: 8, pixelFormat: .rgb24))
    let frame = try Frame(format)
    #expect(throws: MediaError.self) { try scaler.scale(other, into: frame) }
    #expect(throws: MediaError.self) {
      try Scaler(from: VideoFormat(width: 0, height: 16, pixelFormat: .rgb24), to: format)
    }
  }
}
