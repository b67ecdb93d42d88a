import Autograd
import Kernels
import TestSupport
import Tensors
import Testing

/// Gradients through many operations: a small network that uses all of them, and the objective on a narrow VGG.
@Suite struct NetworkGradientTests {
  // MARK: Central differences

  /// The layers of a small transformation network (9×9, stride 2, a residual block, upsampling, 9×9, scaled tanh), then
  /// pooling and every loss.
  private static func loss(_ parameters: [Variable], photo: Tensor, target: Tensor, on tape: Tape) -> Double {
    var remaining = parameters[...]
    func next() -> Variable { remaining.removeFirst() }
    func normalized(_ value: Variable, appliesReLU: Bool) -> Variable {
      tape.instanceNorm(value, gamma: next(), beta: next(), appliesReLU: appliesReLU)
    }
    func convolved(_ value: Variable, stride: Int = 1) -> Variable {
      let weight = next()
      let padding = weight.value.shape.dimensions[2] / 2
      return tape.convolution(
        value, weight: weight, bias: next(), stride: stride, padding: padding, paddingMode: .reflect)
    }
    var value = normalized(convolved(Variable(photo)), appliesReLU: true)
    value = normalized(convolved(value, stride: 2), appliesReLU: true)
    let inner = normalized(convolved(value), appliesReLU: true)
    value = tape.add(value, normalized(convolved(inner), appliesReLU: false))
    value = normalized(convolved(tape.upsampleNearest(value)), appliesReLU: true)
    let output = tape.pointwise(.scaledTanh(scale: 150, offset: 127.5), convolved(value))
    let features = tape.maxPool(tape.caffePreprocessing(output, mean: (103.939, 116.779, 123.68)))
    let gram = tape.gram(features)
    let content = tape.meanSquaredError(features, target: target, weight: 1)
    let style = tape.meanSquaredError(gram, target: Tensor(gram.value.shape), weight: 0.01)
    return content + 0.01 * style + 1e-4 * tape.totalVariation(output, weight: 1e-4)
  }

  @Test func everyParameterAgreesWithCentralDifferences() throws {
    var random = Random(seed: 1)
    func convolution(_ inputs: Int, _ outputs: Int, _ kernel: Int) -> [Tensor] {
      let bound = 1 / Float(inputs * kernel * kernel).squareRoot()
      return [
        random.tensor(Shape([outputs, inputs, kernel, kernel]), in: -bound...bound),
        random.tensor(Shape([outputs]), in: -bound...bound),
      ]
    }
    func norm(_ channels: Int) -> [Tensor] {
      [random.tensor(Shape([channels]), in: 0.5...1.5), random.tensor(Shape([channels]), in: -0.5...0.5)]
    }
    let parameters = [
      convolution(3, 3, 9), norm(3), convolution(3, 5, 3), norm(5), convolution(5, 5, 3), norm(5), convolution(5, 5, 3),
      norm(5), convolution(5, 3, 3), norm(3), convolution(3, 3, 9),
    ].flatMap { $0 }
    let photo = random.wholeNumbers(Shape(batch: 2, height: 12, width: 14, channels: 3), in: 0...255)
    let target = random.tensor(Shape(batch: 2, height: 6, width: 7, channels: 3), in: -100...100)

    let variables = parameters.map { Variable($0, requiresGradient: true) }
    let tape = makeTape()
    _ = Self.loss(variables, photo: photo, target: target, on: tape)
    tape.backward()
    let gradients = try variables.map { try #require($0.gradient).elements }
    let maximum = gradients.joined().map { Double(abs($0)) }.max() ?? 0
    for (index, gradient) in gradients.enumerated() {
      let magnitude = gradient.map { Double(abs($0)) }.max() ?? 0
      // A bias in front of an instance norm has no effect: its gradient is rounding error.
      if magnitude < 1e-5 * maximum { continue }
      let mismatches = gradientMismatches(
        at: parameters[index].elements, analytic: gradient, indices: random.indices(count: 6, below: gradient.count),
        step: 1e-3, tolerance: Tolerance.networkCentralDifference
      ) { point in
        var moved = parameters.map { Variable($0) }
        moved[index] = Variable(Tensor(parameters[index].shape, elements: point))
        return Self.loss(moved, photo: photo, target: target, on: makeTape())
      }
      #expect(mismatches.isEmpty, "parameter \(index) \(parameters[index].shape): \(mismatches)")
    }
    #expect(gradients.filter { ($0.map { abs($0) }.max() ?? 0) < Float(1e-5 * maximum) }.count == 6)
  }

  // MARK: The objective

  @Test func objectiveOnANarrowVGGAgreesWithPyTorch() throws {
    let golden = try Golden("objective")
    let tape = makeTape()
    let layers = ["relu1_2", "relu2_2", "relu3_3", "relu4_3"]

    func features(_ image: Variable) throws -> [String: Variable] {
      var value = tape.caffePreprocessing(image, mean: (103.939, 116.779, 123.68))
      var features: [String: Variable] = [:]
      for (block, count) in [2, 2, 3, 3].enumerated() {
        if block > 0 { value = tape.maxPool(value) }
        for index in 1...count {
          let name = "vgg.conv\(block + 1)_\(index)"
          value = tape.convolution(
            value, weight: Variable(try golden.tensor("\(name).weight")),
            bias: Variable(try golden.tensor("\(name).bias")), padding: 1, paddingMode: .zeros, appliesReLU: true)
        }
        features[layers[block]] = value
      }
      return features
    }

    let style = try features(Variable(try golden.tensor("style_image")))
    let content = try features(Variable(try golden.tensor("content_image")))
    let output = Variable(try golden.tensor("output"), requiresGradient: true)
    let outputFeatures = try features(output)
    var losses: [String: Double] = [:]
    let predicted = try #require(outputFeatures["relu3_3"])
    losses["content"] = tape.meanSquaredError(
      predicted, target: try #require(content["relu3_3"]).value, weight: 1)
    for layer in layers {
      let target = tape.gram(try #require(style[layer])).value
      losses["style.\(layer)"] =
        5 * tape.meanSquaredError(tape.gram(try #require(outputFeatures[layer])), target: target, weight: 5)
    }
    // The mean over the batch of two images.
    losses["tv"] = 0.5e-6 * tape.totalVariation(output, weight: 0.5e-6)
    tape.backward()

    for (name, loss) in losses {
      let expected = try golden.scalar(name)
      #expect(abs(loss - expected) <= Tolerance.chain * expected, "\(name): \(loss) for \(expected)")
    }
    let total = try golden.scalar("total")
    #expect(abs(losses.values.reduce(0, +) - total) <= Tolerance.chain * total)
    expectAgreement(
      try #require(output.gradient), try golden.reference("gradient"), within: Tolerance.chain, "gradient")
  }
}
