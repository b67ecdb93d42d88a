import Imaging
import Tensors

/// The values of one channel for a picture, one neuron per place.
package struct FeatureMap: Sendable, Equatable {
  /// The number of rows.
  package let height: Int
  /// The number of columns.
  package let width: Int
  /// The values, row by row.
  package let values: [Float]

  /// Creates a map from `height · width` values.
  package init(height: Int, width: Int, values: [Float]) {
    precondition(values.count == height * width, "\(values.count) values for \(width)×\(height) neurons")
    self.height = height
    self.width = width
    self.values = values
  }

  /// Copies a channel of features, `[1, H, W, C]`.
  package init(_ features: Tensor, channel: Int) {
    let shape = features.shape
    let values = features.buffer
    self.init(
      height: shape.height, width: shape.width,
      values: (0..<shape.height * shape.width).map { values[$0 * shape.channels + channel] })
  }

  /// The place and the value of the neuron with the largest value: the first in reading order among equals.
  package var strongest: (row: Int, column: Int, value: Float) {
    var best = 0
    for index in values.indices where values[index] > values[best] { best = index }
    return (best / width, best % width, values[best])
  }

  /// The mean of the values.
  package var mean: Float { Float(values.reduce(0.0) { $0 + Double($1) } / Double(values.count)) }

  /// A picture of the map: black is 0, white is the largest value.
  package var picture: Picture {
    let scale = 255 / max(values.max() ?? 0, .leastNormalMagnitude)
    return picture { value in
      let level = Self.level(value * scale)
      return (level, level, level)
    }
  }

  /// A picture of a map whose sign matters: grey is 0, red positive and blue negative, up to the largest magnitude.
  package var signedPicture: Picture {
    let scale = 1 / max(values.reduce(0) { max($0, abs($1)) }, .leastNormalMagnitude)
    return picture { value in
      let share = value * scale
      let (toward, away) = (Self.level(127.5 + 127.5 * abs(share)), Self.level(127.5 - 127.5 * abs(share)))
      return share >= 0 ? (toward, away, away) : (away, away, toward)
    }
  }

  private func picture(_ colour: (Float) -> (UInt8, UInt8, UInt8)) -> Picture {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * values.count)
    for value in values {
      let (red, green, blue) = colour(value)
      pixels.append(red)
      pixels.append(green)
      pixels.append(blue)
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  private static func level(_ value: Float) -> UInt8 { UInt8(min(255, max(0, value)).rounded()) }
}

extension Picture {
  /// Creates a picture of signed values, `[1, H, W, 3]`: grey is 0, and the largest magnitude is black or white.
  ///
  /// - Parameter limit: The magnitude of black and white; nil for the largest one.
  package init(signed values: Tensor, limit: Float? = nil) {
    let largest = limit ?? values.buffer.reduce(0) { max($0, abs($1)) }
    let scale = 127.5 / max(largest, .leastNormalMagnitude)
    let shifted = Tensor(values.shape, elements: values.buffer.map { 127.5 + $0 * scale })
    self.init(tensor: shifted)
  }

  /// Returns the picture enlarged or reduced to `width` pixels: pixels become squares, so that each neuron can be seen.
  package func magnified(width: Int) -> Picture {
    let height = max(1, (self.height * width + self.width / 2) / self.width)
    return resized(width: width, height: height, filter: .box)
  }
}
