/// How the channels of an activation lie in memory; their number is a multiple of 8.
public enum ActivationLayout: Sendable {
  /// `[N, C/8, H, W, 8]`: what the engine keeps from kernel to kernel.
  case blocks
  /// `[N, H, W, C]`: what training keeps, whose matrix products run over whole pixels.
  case pixels

  /// Floats from one pixel of a row to the next.
  @inline(__always)
  func pixelStride(channels: Int) -> Int { self == .blocks ? laneCount : channels }

  /// Floats from eight channels to the next eight of the same pixel.
  @inline(__always)
  func blockStride(pixels: Int) -> Int { self == .blocks ? pixels * laneCount : laneCount }
}
