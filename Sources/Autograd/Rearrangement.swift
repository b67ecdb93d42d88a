import Kernels
import Tensors

// Operations that move pixels about, or map them one by one.

extension Tape {
  /// `[N, H, W, C·r²]` → `[N, H·r, W·r, C]`, see ``PixelShuffle``.
  public func pixelShuffle(_ input: Variable, factor: Int) -> Variable {
    let shape = input.value.shape
    precondition(factor > 0 && shape.channels % (factor * factor) == 0, "\(shape) has no blocks of \(factor)")
    return rearranged(
      input, height: shape.height, width: shape.width, channels: shape.channels / (factor * factor), factor: factor,
      shuffles: true)
  }

  /// `[N, H, W, C]` → `[N, H/r, W/r, C·r²]`, see ``PixelShuffle``; height and width are multiples of `factor`.
  public func pixelUnshuffle(_ input: Variable, factor: Int) -> Variable {
    let shape = input.value.shape
    precondition(
      factor > 0 && shape.height % factor == 0 && shape.width % factor == 0, "\(shape) has no blocks of \(factor)")
    return rearranged(
      input, height: shape.height / factor, width: shape.width / factor, channels: shape.channels, factor: factor,
      shuffles: false)
  }

  private func rearranged(
    _ input: Variable, height: Int, width: Int, channels: Int, factor: Int, shuffles: Bool
  ) -> Variable {
    let batch = input.value.shape.batch
    func run(_ shuffles: Bool, _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
      let rearrange = shuffles ? PixelShuffle.shuffle : PixelShuffle.unshuffle
      rearrange(source, batch, height, width, channels, factor, target, pool)
    }
    let output = uninitialized(
      shuffles
        ? Shape(batch: batch, height: height * factor, width: width * factor, channels: channels)
        : Shape(batch: batch, height: height, width: width, channels: channels * factor * factor))
    run(shuffles, input.value.pointer, output.pointer)
    return record(output, inputs: [input]) { [self] gradient in
      contribute(to: input) { run(!shuffles, gradient.pointer, $0) }
    }
  }

  /// `offset + scale · input`.
  public func affine(_ input: Variable, scale: Float, offset: Float) -> Variable {
    let output = uninitialized(input.value.shape)
    Pointwise.affine(
      input.value.pointer, scale: scale, offset: offset, output: output.pointer, count: output.count, pool: pool)
    return record(output, inputs: [input]) { [self] gradient in
      Pointwise.affine(
        gradient.pointer, scale: scale, offset: 0, output: gradient.pointer, count: gradient.count, pool: pool)
      add(gradient, to: input)
    }
  }

  /// `input` sampled at `positions`, `[N, Ho, Wo, 2]`, see ``BicubicWarp``; output `[N, Ho, Wo, C]`.
  public func warp(_ input: Variable, positions: Tensor) -> Variable {
    let shape = input.value.shape
    let target = positions.shape
    precondition(target.batch == shape.batch && target.channels == 2, "positions \(target) for \(shape)")
    let output = uninitialized(
      Shape(batch: shape.batch, height: target.height, width: target.width, channels: shape.channels))
    BicubicWarp.forward(
      input.value.pointer, positions: positions.pointer, batch: shape.batch, height: shape.height, width: shape.width,
      channels: shape.channels, outputHeight: target.height, outputWidth: target.width, output: output.pointer,
      pool: pool)
    return record(output, inputs: [input]) { [self] gradient in
      BicubicWarp.backward(
        gradient.pointer, positions: positions.pointer, batch: shape.batch, height: shape.height, width: shape.width,
        channels: shape.channels, outputHeight: target.height, outputWidth: target.width,
        dInput: accumulator(input).pointer, pool: pool)
    }
  }
}
