import Kernels
import Tensors

// Each operation computes its value with a forward kernel and records a rule that runs the backward kernels.

extension Tape {
  /// Adds `gradient` to the gradient of `variable`. The tensor may become the variable's own, so the caller must not
  /// use it afterwards.
  func add(_ gradient: Tensor, to variable: Variable) {
    guard let sum = variable.gradient else {
      variable.gradient = gradient
      return
    }
    Pointwise.add(sum.pointer, gradient.pointer, output: sum.pointer, count: sum.count, pool: pool)
  }

  /// Normalises each channel of each image and applies `gamma` and `beta`, each `[C]`, optionally followed by ReLU.
  package func instanceNorm(_ input: Variable, gamma: Variable, beta: Variable, appliesReLU: Bool = false) -> Variable {
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
      beta: beta.value.pointer, mean: mean.pointer, inverseDeviation: inverseDeviation.pointer,
      appliesReLU: appliesReLU,
      output: output.pointer, pool: pool)
    return record(output, inputs: [input, gamma, beta]) { [self] gradient in
      let dGamma = accumulator(gamma)
      let dBeta = accumulator(beta)
      withDoubleScratch(scratchCount) { space in
        // The input gradient overwrites the output gradient.
        InstanceNorm.backward(
          input.value.pointer, dOutput: gradient.pointer, rectifiedOutput: appliesReLU ? output.pointer : nil,
          batch: shape.batch, pixels: pixels, channels: channels, gamma: gamma.value.pointer, mean: mean.pointer,
          inverseDeviation: inverseDeviation.pointer, dInput: gradient.pointer, dGamma: dGamma.pointer,
          dBeta: dBeta.pointer, scratch: space, pool: pool)
      }
      if input.requiresGradient { add(gradient, to: input) }
    }
  }

  /// Computes `function` of each value of `input`.
  package func pointwise(_ function: PointwiseFunction, _ input: Variable) -> Variable {
    let output = uninitialized(input.value.shape)
    Pointwise.forward(function, input.value.pointer, output: output.pointer, count: output.count, pool: pool)
    return record(output, inputs: [input]) { [self] gradient in
      Pointwise.backward(
        function, output: output.pointer, dOutput: gradient.pointer, dInput: gradient.pointer, count: gradient.count,
        pool: pool)
      add(gradient, to: input)
    }
  }

  /// Computes `a + b` for two values of the same shape.
  package func add(_ a: Variable, _ b: Variable) -> Variable {
    precondition(a.value.shape == b.value.shape, "cannot add shapes \(a.value.shape) and \(b.value.shape)")
    let output = uninitialized(a.value.shape)
    Pointwise.add(a.value.pointer, b.value.pointer, output: output.pointer, count: output.count, pool: pool)
    return record(output, inputs: [a, b]) { [self] gradient in
      // An input may keep its gradient tensor and change it in place, so only one of the two may get this tensor.
      if a.requiresGradient {
        contribute(to: a) { $0.update(from: gradient.pointer, count: gradient.count) }
      }
      if b.requiresGradient { add(gradient, to: b) }
    }
  }

  /// Max-pools blocks of 2×2 pixels with stride 2.
  package func maxPool(_ input: Variable) -> Variable {
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

  /// Doubles the height and width with nearest-neighbour upsampling.
  package func upsampleNearest(_ input: Variable) -> Variable {
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

  /// Converts RGB in 0…255 to BGR minus `mean` (in BGR order), the input that Caffe's VGG-16 expects.
  package func caffePreprocessing(_ input: Variable, mean: (Float, Float, Float)) -> Variable {
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
