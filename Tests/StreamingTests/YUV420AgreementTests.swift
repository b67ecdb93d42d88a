import FFmpeg
import Kernels
import Testing

/// Compares the kernels that replace swscale for the most common format with swscale.
@Suite struct YUV420AgreementTests {
  /// Returns a frame as smooth as real video. Filters may differ where neighbouring pixels differ much.
  private func smooth(_ format: VideoFormat) throws -> Frame {
    let frame = try Frame(format)
    let pixels = try #require(frame.plane(0))
    for y in 0..<format.height {
      for x in 0..<format.width {
        for (channel, value) in [2 * x + y, 230 - 3 * y, 40 + x + 2 * y].enumerated() {
          pixels[y * frame.stride(0) + 3 * x + channel] = UInt8(clamping: value)
        }
      }
    }
    return frame
  }

  private func maximumDifference(_ a: Frame, _ b: Frame, planes: Int) throws -> Int {
    var maximum = 0
    for index in 0..<planes {
      let (first, second) = (try #require(a.plane(index)), try #require(b.plane(index)))
      let shift = index == 0 ? 0 : 1
      let bytes = planes == 1 ? 3 * a.width : a.width >> shift
      for y in 0..<a.height >> shift {
        for x in 0..<bytes {
          maximum = max(maximum, abs(Int(first[y * a.stride(index) + x]) - Int(second[y * b.stride(index) + x])))
        }
      }
    }
    return maximum
  }

  @Test(arguments: ["yuv420p", "yuvj420p"], [(64, 48), (1280, 32)])
  func agreesWithSwscale(name: String, size: (Int, Int)) throws {
    let rgb = VideoFormat(width: size.0, height: size.1, pixelFormat: .rgb24)
    let yuv = VideoFormat(width: size.0, height: size.1, pixelFormat: try #require(PixelFormat(named: name)))
    #expect(yuv.chromaPosition.down == 128)
    let conversion = try #require(
      YUV420Conversion(
        width: size.0, height: size.1, siting: yuv.chromaPosition.across == 0 ? .left : .centre,
        colours: .init(
          red: Float(yuv.lumaWeights.red), blue: Float(yuv.lumaWeights.blue), isFullRange: yuv.isFullRange)))
    let scratch = UnsafeMutablePointer<Float>.allocate(capacity: conversion.scratchCount)
    defer { scratch.deallocate() }
    let source = try smooth(rgb)
    func planes(_ frame: Frame) throws -> YUV420Conversion.Planes {
      .init(
        y: try #require(frame.plane(0)), yStride: frame.stride(0), u: try #require(frame.plane(1)),
        uStride: frame.stride(1), v: try #require(frame.plane(2)), vStride: frame.stride(2))
    }
    let (ours, theirs) = (try Frame(yuv), try Frame(yuv))
    try Scaler(from: rgb, to: yuv).scale(source, into: theirs)
    conversion.fromRGB(
      try #require(source.plane(0)), stride: source.stride(0), into: try planes(ours),
      scratch: scratch)
    // Both round, and swscale also rounds intermediate values.
    #expect(try maximumDifference(ours, theirs, planes: 3) <= 2)

    let (back, theirsBack) = (try Frame(rgb), try Frame(rgb))
    try Scaler(from: yuv, to: rgb, filter: .bilinear).scale(theirs, into: theirsBack)
    conversion.toRGB(
      try planes(theirs), output: try #require(back.plane(0)), stride: back.stride(0),
      scratch: scratch)
    // Where swscale interpolates chroma, it truncates twice: two levels, which the matrix multiplies by 2.1. Both also
    // round.
    #expect(try maximumDifference(back, theirsBack, planes: 1) <= 5)
  }
}
