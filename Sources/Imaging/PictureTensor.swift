import Tensors

extension Picture {
  /// The colours as `[1, H, W, 3]`, 0…255; alpha is left out.
  public func tensor() -> Tensor {
    let result = Tensor(Shape(batch: 1, height: height, width: width, channels: 3), zeroed: false)
    write(to: result, batchIndex: 0)
    return result
  }

  /// Writes the colours, 0…255, as picture `batchIndex` of `tensor`, which is `[N, height, width, 3]`.
  public func write(to tensor: Tensor, batchIndex: Int) {
    let shape = tensor.shape
    precondition(
      shape.rank == 4 && shape.height == height && shape.width == width && shape.channels == 3,
      "a picture of \(width)x\(height) for a tensor of \(shape)")
    precondition(batchIndex >= 0 && batchIndex < shape.batch, "picture \(batchIndex) of \(shape)")
    let target = tensor.pointer + batchIndex * pixels.count
    pixels.withUnsafeBufferPointer { samples in
      for index in 0..<samples.count { target[index] = Float(samples[index]) }
    }
  }

  /// Picture `batchIndex` of `tensor`, which is `[N, H, W, 3]`: rounded to nearest and clamped to 0…255; NaN becomes 0.
  public init(tensor: Tensor, batchIndex: Int = 0) {
    let shape = tensor.shape
    precondition(shape.rank == 4 && shape.channels == 3, "a tensor of \(shape) is no picture")
    precondition(batchIndex >= 0 && batchIndex < shape.batch, "picture \(batchIndex) of \(shape)")
    let count = 3 * shape.height * shape.width
    let source = tensor.pointer + batchIndex * count
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { samples, initializedCount in
      for index in 0..<count { samples.initializeElement(at: index, to: sample(source[index])) }
      initializedCount = count
    }
    self.init(width: shape.width, height: shape.height, pixels: pixels)
  }
}

/// `value` rounded to nearest and clamped to 0…255; NaN becomes 0.
@inline(__always)
func sample(_ value: Float) -> UInt8 {
  // In this order of arguments the comparison with NaN gives 0. Within 0…255.5 the conversion cannot trap.
  let clamped = value > 0 ? (value < 255 ? value : 255) : 0
  return UInt8(truncatingIfNeeded: Int32(clamped + 0.5))
}
