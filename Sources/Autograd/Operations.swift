import Kernels
import Tensors

// The table of operations: each computes its value with a forward kernel and records the backward kernels.

extension Tape {
  func add(_ gradient: Tensor, to variable: Variable) {
    guard let sum = variable.gradient else {
      variable.gradient = gradient
      return
    }
    Pointwise.add(sum.pointer, gradient.pointer, output: sum.pointer, count: sum.count, pool: pool)
  }

  /// Instance normalisation with `gamma` and `beta`, each `[C]`, optionally followed by ReLU.
  public func instanceNorm(_ input: Variable, gamma: Variable, beta: Variable, rectifies: Bool = false) -> Variable {
    let shape = input.value.shape
    let pixels = shape.height * shape.width
    let channels = shape.channels
    let output = uninitialized(shape)
    let mean = uninitialized(Shape([shape.batch, channels]))
    let inverseDeviation = uninitialized(Shape([shape.batch, channels]))
    let scratchCount = InstanceNorm.scratchCount(batch: shape.batch, pixels: pixels, channels: channels)
    withDoubleScratch(scratchCount) { space in
      InstanceNorm.statistics(
        input.value.pointer, batch: shape.batch, pixels: pixels, channels: channels, mean: mean.pointer,
        inverseDeviation: inverseDeviation.pointer, scratch: space, pool: pool)
    }
    InstanceNorm.apply(
      input.value.pointer, batch: shape.batch, pixels: pixels, channels: channels, gamma: gamma.value.pointer,
      beta: beta.value.pointer, mean: mean.pointer, inverseDeviation: inverseDeviation.pointer, rectifies: rectifies,
      output: output.pointer, pool: pool)
    return record(output, inputs: [input, gamma, beta]) { [self] gradient in
      let dGamma = accumulator(gamma)
      let dBeta = accumulator(beta)
      withDoubleScratch(scratchCount) { space in
        // The result takes the place of the gradient that it is computed from.
        InstanceNorm.backward(
          input.value.pointer, dOutput: gradient.pointer, rectifiedOutput: rectifies ? output.pointer : nil,
          batch: shape.batch, pixels: pixels, channels: channels, gamma: gamma.value.pointer, mean: mean.pointer,
          inverseDeviation: inverseDeviation.pointer, dInput: gradient.pointer, dGamma: dGamma.pointer,
          dBeta: dBeta.pointer, scratch: space, pool: pool)
      }
      if input.requiresGradient { add(gradient, to: input) }
    }
  }

  /// `max(input, 0)`.
  public func relu(_ input: Variable) -> Variable {
    let output = uninitialized(input.value.shape)
    Pointwise.relu(input.value.pointer, output: output.pointer, count: output.count, pool: pool)
    return record(output, inputs: [input]) { [self] gradient in
      Pointwise.reluBackward(
        output: output.pointer, dOutput: gradient.pointer, dInput: gradient.pointer, count: gradient.count, pool: pool)
      add(gradient, to: input)
    }
  }

  /// `a + b`, of one shape.
  public func add(_ a: Variable, _ b: Variable) -> Variable {
    precondition(a.value.shape == b.value.shape, "shapes \(a.value.shape) and \(b.value.shape) do not add")
    let output = uninitialized(a.value.shape)
    Pointwise.add(a.value.pointer, b.value.pointer, output: output.pointer, count: output.count, pool: pool)
    return record(output, inputs: [a, b]) { [self] gradient in
      // Both inputs may come to own and change their gradient, so only one may have this one.
      if a.requiresGradient {
        contribute(to: a) { $0.update(from: gradient.pointer, count: gradient.count) }
      }
      if b.requiresGradient { add(gradient, to: b) }
    }
  }

  /// 2×2 maximum pooling with stride 2.
  public func maxPool(_ input: Variable) -> Variable {
    let shape = input.value.shape
    let output = uninitialized(
      Shape(batch: shape.batch, height: shape.height / 2, width: shape.width / 2, channels: shape.channels))
    MaxPool.forward(
      input.value.pointer, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels,
      output: output.pointer, pool: pool)
    return record(output, inputs: [input]) { [self] gradient in
      contribute(to: input) { target in
        MaxPool.backward(
          input.value.pointer, dOutput: gradient.pointer, batch: shape.batch, height: shape.height, width: shape.width,
          channels: shape.channels, dInput: target, pool: pool)
      }
    }
  }

  /// Nearest-neighbour upsampling by 2.
  public func upsampleNearest(_ input: Variable) -> Variable {
    let shape = input.value.shape
    let output = uninitialized(
      Shape(batch: shape.batch, height: shape.height * 2, width: shape.width * 2, channels: shape.channels))
    UpsampleNearest.forward(
      input.value.pointer, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels,
      output: output.pointer, pool: pool)
    return record(output, inputs: [input]) { [self] gradient in
      contribute(to: input) { target in
        UpsampleNearest.backward(
          gradient.pointer, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels,
          dInput: target, pool: pool)
      }
    }
  }

  /// `offset + scale · tanh(input)`.
  public func scaledTanh(_ input: Variable, scale: Float, offset: Float) -> Variable {
    let output = uninitialized(input.value.shape)
    Pointwise.scaledTanh(
      input.value.pointer, scale: scale, offset: offset, output: output.pointer, count: output.count, pool: pool)
    return record(output, inputs: [input]) { [self] gradient in
      Pointwise.scaledTanhBackward(
        output: output.pointer, dOutput: gradient.pointer, scale: scale, offset: offset, dInput: gradient.pointer,
        count: gradient.count, pool: pool)
      add(gradient, to: input)
    }
  }

  /// RGB 0…255 to BGR minus `mean` (in BGR order): what VGG-16 in Caffe's form expects.
  public func caffePreprocessing(_ input: Variable, mean: (Float, Float, Float)) -> Variable {
    let output = uninitialized(input.value.shape)
    let pixels = output.count / 3
    Pointwise.mapPixels(
      input.value.pointer, order: (2, 1, 0), offset: mean, output: output.pointer, pixels: pixels, pool: pool)
    return record(output, inputs: [input]) { [self] gradient in
      contribute(to: input) { target in
        Pointwise.mapPixels(
          gradient.pointer, order: (2, 1, 0), offset: (0, 0, 0), output: target, pixels: pixels, pool: pool)
      }
    }
  }
}
