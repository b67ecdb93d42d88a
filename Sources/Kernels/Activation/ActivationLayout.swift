/// The memory layout of an activation, whose channels are stored in a multiple of 8.
public enum ActivationLayout: Sendable {
  /// `[N, C/8, H, W, 8]`: the layout between the engine's kernels.
  case blocks
  /// `[N, H, W, C]`: the layout in training, where matrix products run over whole pixels.
  case pixels

  /// Returns `channels` rounded up to a multiple of 8, the number of channels that are stored.
  public static func storedChannels(_ channels: Int) -> Int { paddedToLanes(channels) }

  /// The number of floats between neighbouring pixels of a row.
  @inline(__always)
  func pixelStride(channels: Int) -> Int { self == .blocks ? laneCount : channels }

  /// The number of floats between neighbouring blocks of eight channels of a pixel.
  @inline(__always)
  func blockStride(pixels: Int) -> Int { self == .blocks ? pixels * laneCount : laneCount }
}
