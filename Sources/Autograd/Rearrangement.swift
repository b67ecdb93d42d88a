import Kernels
import Tensors

// Operations that move pixels or map each of them.

extension Tape {
  /// Rearranges `[N, H, W, C·r²]` to `[N, H·r, W·r, C]`, where `r` is `factor`. See ``PixelShuffle``.
  package func pixelShuffle(_ input: Variable, factor: Int) -> Variable {
    let shape = input.value.shape
    precondition(
      factor > 0 && shape.channels % (factor * factor) == 0, "cannot shuffle \(shape) by a factor of \(factor)")
    return rearranged(
      input, height: shape.height, width: shape.width, channels: shape.channels / (factor * factor), factor: factor,
      shuffles: true)
  }

  /// Rearranges `[N, H, W, C]` to `[N, H/r, W/r, C·r²]`, where `r` is `factor`. See ``PixelShuffle``.
  ///
  /// The height and width must be multiples of `factor`.
  package func pixelUnshuffle(_ input: Variable, factor: Int) -> Variable {
    let shape = input.value.shape
    precondition(
      factor > 0 && shape.height % factor == 0 && shape.width % factor == 0,
      "cannot unshuffle \(shape) by a factor of \(factor)")
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

  /// Samples `input`, `[N, H, W, C]`, at `positions` with bicubic interpolation. See ``BicubicWarp``.
  ///
  /// - Parameter positions: The position (x, y) of each output pixel in `input`, `[N, Ho, Wo, 2]`.
  /// - Returns: A variable of shape `[N, Ho, Wo, C]`.
  package func warp(_ input: Variable, positions: Tensor) -> Variable {
    let shape = input.value.shape
    let target = positions.shape
    precondition(
      target.batch == shape.batch && target.channels == 2, "positions of shape \(target) for an input of shape \(shape)"
    )
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
