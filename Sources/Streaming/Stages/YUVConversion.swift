import FFmpeg
import Kernels

/// Converts between 8-bit YUV 4:2:0, the most common video format, and RGB24 of the same size. The kernels take a
/// fraction of swscale's time, which is a tenth of the whole job with the smallest networks. Not thread-safe.
final class YUVConversion: @unchecked Sendable {
  let source: VideoFormat
  let target: VideoFormat
  private let conversion: YUV420Conversion
  private let isFromRGB: Bool
  /// Owned by the conversion.
  private let scratch: UnsafeMutablePointer<Float>

  /// Returns nil if the kernels do not support these formats or this size.
  init?(from source: VideoFormat, to target: VideoFormat) {
    guard source.width == target.width, source.height == target.height else { return nil }
    let formats: [PixelFormat] = [.yuv420p, .yuvj420p]
    let isFromRGB = source.pixelFormat == .rgb24
    let yuv = isFromRGB ? target : source
    guard (isFromRGB || target.pixelFormat == .rgb24) && formats.contains(yuv.pixelFormat),
      yuv.chromaPosition.down == 128
    else { return nil }
    let weights = yuv.lumaWeights
    guard
      let conversion = YUV420Conversion(
        width: yuv.width, height: yuv.height, siting: yuv.chromaPosition.across == 0 ? .left : .centre,
        colours: .init(red: Float(weights.red), blue: Float(weights.blue), isFullRange: yuv.isFullRange))
    else { return nil }
    self.conversion = conversion
    self.source = source
    self.target = target
    self.isFromRGB = isFromRGB
    scratch = .allocate(capacity: conversion.scratchCount)
    scratch.initialize(repeating: 0, count: conversion.scratchCount)
  }

  deinit { scratch.deallocate() }

  /// Converts `source` into `target`. Their formats must match those of the initializer.
  func convert(_ source: Frame, into target: Frame) {
    let (rgb, yuv) = isFromRGB ? (source, target) : (target, source)
    guard let pixels = rgb.plane(0), let y = yuv.plane(0), let u = yuv.plane(1), let v = yuv.plane(2) else { return }
    let planes = YUV420Conversion.Planes(
      y: y, yStride: yuv.stride(0), u: u, uStride: yuv.stride(1), v: v, vStride: yuv.stride(2))
    if isFromRGB {
      conversion.fromRGB(pixels, stride: rgb.stride(0), into: planes, scratch: scratch)
    } else {
      conversion.toRGB(planes, output: pixels, stride: rgb.stride(0), scratch: scratch)
    }
  }
}
