import Threading

/// Elementwise functions, forward and backward.
public enum Pointwise {
  /// The number of values that a thread processes at a time.
  private static let chunk = 1 << 15

  private static func forEachChunk(_ count: Int, _ pool: ComputePool, _ body: (Range<Int>) -> Void) {
    pool.parallelFor((count + chunk - 1) / chunk) { index in
      body(index * chunk..<min((index + 1) * chunk, count))
    }
  }

  /// `target[i] += source[i]`, on the calling thread.
  @inline(__always)
  static func accumulate(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, count: Int) {
    var index = 0
    while index + laneCount <= count {
      store(load(target + index) + load(source + index), target + index)
      index += laneCount
    }
    while index < count {
      target[index] += source[index]
      index += 1
    }
  }

  /// `output = a + b`; `output` may be `a` or `b`.
  public static func add(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, count: Int,
    pool: ComputePool
  ) {
    forEachChunk(count, pool) { range in
      var index = range.lowerBound
      while index < range.upperBound {
        let length = min(laneCount, range.upperBound - index)
        store(load(a + index, count: length) + load(b + index, count: length), output + index, count: length)
        index += laneCount
      }
    }
  }

  /// `output = max(input, 0)`; `output` may be `input`.
  public static func relu(
    _ input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, count: Int, pool: ComputePool
  ) {
    forEachChunk(count, pool) { range in
      var index = range.lowerBound
      while index < range.upperBound {
        let length = min(laneCount, range.upperBound - index)
        store(rectified(load(input + index, count: length)), output + index, count: length)
        index += laneCount
      }
    }
  }

  /// `dInput = dOutput` where `output > 0`, else 0; `dInput` may be `dOutput`.
  public static func reluBackward(
    output: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, dInput: UnsafeMutablePointer<Float>, count: Int,
    pool: ComputePool
  ) {
    forEachChunk(count, pool) { range in
      var index = range.lowerBound
      while index < range.upperBound {
        let length = min(laneCount, range.upperBound - index)
        let value = load(output + index, count: length)
        let gradient = load(dOutput + index, count: length)
        store(Lanes.zero.replacing(with: gradient, where: value .> Lanes.zero), dInput + index, count: length)
        index += laneCount
      }
    }
  }

  /// `output = offset + scale · input`; `output` may be `input`.
  public static func affine(
    _ input: UnsafePointer<Float>, scale: Float, offset: Float, output: UnsafeMutablePointer<Float>, count: Int,
    pool: ComputePool
  ) {
    forEachChunk(count, pool) { range in
      var index = range.lowerBound
      while index < range.upperBound {
        let length = min(laneCount, range.upperBound - index)
        let value = Lanes(repeating: offset).addingProduct(
          Lanes(repeating: scale), load(input + index, count: length))
        store(value, output + index, count: length)
        index += laneCount
      }
    }
  }

  /// `output = offset + scale · tanh(input)`; `output` may be `input`.
  public static func scaledTanh(
    _ input: UnsafePointer<Float>, scale: Float, offset: Float, output: UnsafeMutablePointer<Float>, count: Int,
    pool: ComputePool
  ) {
    forEachChunk(count, pool) { range in
      var index = range.lowerBound
      while index < range.upperBound {
        let length = min(laneCount, range.upperBound - index)
        let tangent = hyperbolicTangent(load(input + index, count: length))
        store(
          Lanes(repeating: offset).addingProduct(Lanes(repeating: scale), tangent), output + index, count: length)
        index += laneCount
      }
    }
  }

  /// `dInput = dOutput · scale · (1 − t²)` with `t = (output − offset) / scale`; `dInput` may be `dOutput`.
  public static func scaledTanhBackward(
    output: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, scale: Float, offset: Float,
    dInput: UnsafeMutablePointer<Float>, count: Int, pool: ComputePool
  ) {
    forEachChunk(count, pool) { range in
      for index in range {
        let tangent = (output[index] - offset) / scale
        dInput[index] = dOutput[index] * scale * (1 - tangent * tangent)
      }
    }
  }

  /// `output[p, c] = input[p, order[c]] · scale − offset[c]` for pixels of three channels: RGB to the input of VGG-16.
  public static func mapPixels(
    _ input: UnsafePointer<Float>, order: (Int, Int, Int), offset: (Float, Float, Float),
    output: UnsafeMutablePointer<Float>, pixels: Int, pool: ComputePool
  ) {
    forEachChunk(pixels, pool) { range in
      for pixel in range {
        let source = input + pixel * 3
        let target = output + pixel * 3
        target[0] = source[order.0] - offset.0
        target[1] = source[order.1] - offset.1
        target[2] = source[order.2] - offset.2
      }
    }
  }
}
