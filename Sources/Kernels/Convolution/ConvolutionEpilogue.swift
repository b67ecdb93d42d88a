/// What is done to each output of a convolution before it leaves the cache: `y + bias`, then optionally ReLU.
public struct ConvolutionEpilogue: @unchecked Sendable {
  /// One value for each output channel, or nil. The caller owns it.
  public let bias: UnsafePointer<Float>?
  /// Whether negative outputs become 0.
  public let rectifies: Bool

  /// Leaves the outputs as they are.
  public static let none = ConvolutionEpilogue(bias: nil, rectifies: false)

  /// An epilogue that adds `bias`, if any, and then rectifies if asked to.
  public init(bias: UnsafePointer<Float>?, rectifies: Bool = false) {
    self.bias = bias
    self.rectifies = rectifies
  }

  /// Applies the epilogue to `pixels` rows of `channels` values.
  func apply(to output: UnsafeMutablePointer<Float>, pixels: Int, channels: Int) {
    guard bias != nil || rectifies else { return }
    var row = output
    for _ in 0..<pixels {
      var channel = 0
      while channel < channels {
        let count = min(laneCount, channels - channel)
        var value = load(UnsafePointer(row + channel), count: count)
        if let bias { value += load(bias + channel, count: count) }
        if rectifies { value = rectified(value) }
        store(value, row + channel, count: count)
        channel += laneCount
      }
      row += channels
    }
  }
}
