/// The operations on each output of a convolution before it leaves the cache: `y + bias`, then optionally ReLU.
public struct ConvolutionEpilogue: @unchecked Sendable {
  /// The bias of each output channel, or nil. The caller owns it.
  package let bias: UnsafePointer<Float>?
  /// Whether negative outputs become 0.
  package let appliesReLU: Bool

  /// No operations.
  package static let none = ConvolutionEpilogue(bias: nil, appliesReLU: false)

  /// Creates an epilogue that adds `bias`, if any, and then optionally applies ReLU.
  public init(bias: UnsafePointer<Float>?, appliesReLU: Bool = false) {
    self.bias = bias
    self.appliesReLU = appliesReLU
  }

  /// Applies the epilogue to `pixels` rows of `channels` values.
  func apply(to output: UnsafeMutablePointer<Float>, pixels: Int, channels: Int) {
    guard bias != nil || appliesReLU else { return }
    var row = output
    for _ in 0..<pixels {
      var channel = 0
      while channel < channels {
        let count = min(laneCount, channels - channel)
        var value = load(UnsafePointer(row + channel), count: count)
        if let bias { value += load(bias + channel, count: count) }
        if appliesReLU { value = rectified(value) }
        store(value, row + channel, count: count)
        channel += laneCount
      }
      row += channels
    }
  }
}
