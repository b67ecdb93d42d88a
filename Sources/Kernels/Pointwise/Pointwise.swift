import Threading

/// Elementwise functions, forward and backward.
package enum Pointwise {
  /// The number of values that a thread processes at a time.
  private static let chunk = 1 << 15

  @inline(__always)
  static func forEachChunk(_ count: Int, _ pool: ComputePool, _ body: (Range<Int>) -> Void) {
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
  package static func add(
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

  /// `output = f(input)`; `output` may be `input`.
  package static func forward(
    _ function: PointwiseFunction, _ input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, count: Int,
    pool: ComputePool
  ) {
    function.withValue { value in
      forEachChunk(count, pool) { range in
        var index = range.lowerBound
        while index < range.upperBound {
          let length = min(laneCount, range.upperBound - index)
          store(value(load(input + index, count: length)), output + index, count: length)
          index += laneCount
        }
      }
    }
  }

  /// `dInput = dOutput · f′(input)`, computed from `output = f(input)`; `dInput` may be `dOutput`.
  package static func backward(
    _ function: PointwiseFunction, output: UnsafePointer<Float>, dOutput: UnsafePointer<Float>,
    dInput: UnsafeMutablePointer<Float>, count: Int, pool: ComputePool
  ) {
    function.withGradient { gradient in
      forEachChunk(count, pool) { range in
        var index = range.lowerBound
        while index < range.upperBound {
          let length = min(laneCount, range.upperBound - index)
          let value = gradient(load(output + index, count: length), load(dOutput + index, count: length))
          store(value, dInput + index, count: length)
          index += laneCount
        }
      }
    }
  }

  /// `output[p, c] = input[p, order[c]] · scale − offset[c]` for pixels of three channels: RGB to the input of VGG-16.
  package static func mapPixels(
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
