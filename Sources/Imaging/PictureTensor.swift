import Tensors

extension Picture {
  /// Converts the colours to a tensor `[1, H, W, 3]`, 0…255. Alpha is ignored.
  public func tensor() -> Tensor {
    let result = Tensor(Shape(batch: 1, height: height, width: width, channels: 3), zeroed: false)
    write(to: result, batchIndex: 0)
    return result
  }

  /// Writes the colours, 0…255, to image `batchIndex` of `tensor`, `[N, height, width, 3]`.
  public func write(to tensor: Tensor, batchIndex: Int) {
    let shape = tensor.shape
    precondition(
      shape.rank == 4 && shape.height == height && shape.width == width && shape.channels == 3,
      "a picture of \(width)x\(height) pixels for a tensor of shape \(shape)")
    precondition(batchIndex >= 0 && batchIndex < shape.batch, "image \(batchIndex) of a tensor of shape \(shape)")
    let target = tensor.pointer + batchIndex * pixels.count
    pixels.withUnsafeBufferPointer { samples in
      for index in 0..<samples.count { target[index] = Float(samples[index]) }
    }
  }

  /// Creates a picture from image `batchIndex` of `tensor`, `[N, H, W, 3]`.
  ///
  /// Values are rounded to nearest and clamped to 0…255. NaN becomes 0.
  public init(tensor: Tensor, batchIndex: Int = 0) {
    let shape = tensor.shape
    precondition(shape.rank == 4 && shape.channels == 3, "a tensor of shape \(shape) is not a batch of pictures")
    precondition(batchIndex >= 0 && batchIndex < shape.batch, "image \(batchIndex) of a tensor of shape \(shape)")
    let count = 3 * shape.height * shape.width
    let source = tensor.pointer + batchIndex * count
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { samples, initializedCount in
      for index in 0..<count { samples.initializeElement(at: index, to: sample(source[index])) }
      initializedCount = count
    }
    self.init(width: shape.width, height: shape.height, pixels: pixels)
  }
}

/// Rounds `value` to nearest and clamps it to 0…255. NaN becomes 0.
@inline(__always)
func sample(_ value: Float) -> UInt8 {
  // The first comparison is false for NaN, which gives 0. Values within 0…255.5 cannot overflow the conversion.
  let clamped = value > 0 ? (value < 255 ? value : 255) : 0
  return UInt8(truncatingIfNeeded: Int32(clamped + 0.5))
}
