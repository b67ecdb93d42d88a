import Autograd
import Kernels
import TestSupport
import Tensors
import Testing
import Threading

@Suite struct TapeTests {
  static let shape = Shape(batch: 1, height: 2, width: 3, channels: 5)

  @Test func gradientsOfSeveralUsesAddUp() throws {
    var random = Random(seed: 1)
    let value = random.tensor(Self.shape)
    let outer = random.tensor(Self.shape)
    // f = x + x + relu(x)
    let result = try differentiate([value], outputGradient: outer) { tape, inputs in
      tape.add(tape.add(inputs[0], inputs[0]), tape.pointwise(.relu, inputs[0]))
    }
    let expected = zip(value.elements, outer.elements).map { $0 > 0 ? 3 * $1 : 2 * $1 }
    #expect(result.gradients[0].elements == expected)
  }

  /// The rules of ReLU and other operations work in place, so the branches of a residual connection must not share a
  /// gradient.
  @Test func branchesOfAResidualConnectionHaveSeparateGradients() throws {
    let value = Tensor(Self.shape, elements: (0..<30).map { Float($0) - 15 })
    let outer = Tensor(Self.shape, elements: [Float](repeating: 1, count: 30))
    // relu(a) + relu(b) with b = −15: only a gets a gradient, where it is positive.
    let other = Tensor(Self.shape, elements: [Float](repeating: -15, count: 30))
    for isSwapped in [false, true] {
      let result = try differentiate([value, other], outputGradient: outer) { tape, inputs in
        let (first, second) = (tape.pointwise(.relu, inputs[0]), tape.pointwise(.relu, inputs[1]))
        return isSwapped ? tape.add(second, first) : tape.add(first, second)
      }
      #expect(result.gradients[0].elements == value.elements.map { $0 > 0 ? 1 : 0 })
      #expect(result.gradients[1].elements == [Float](repeating: 0, count: 30))
    }
  }

  @Test func leavesKeepTheirGradientsAndIntermediatesDoNot() throws {
    let leaf = Variable(Tensor(Self.shape, elements: [Float](repeating: 1, count: 30)), requiresGradient: true)
    let tape = makeTape()
    let middle = tape.pointwise(.relu, leaf)
    let output = tape.pointwise(.relu, middle)
    tape.seed(output, gradient: Tensor(Self.shape, elements: [Float](repeating: 2, count: 30)))
    tape.backward()
    #expect(leaf.gradient?.elements == [Float](repeating: 2, count: 30))
    #expect(middle.gradient == nil && output.gradient == nil)
    leaf.clearGradient()
    #expect(leaf.gradient == nil)
  }

  @Test func gradientsOfSeveralStepsAddUpUntilCleared() throws {
    let leaf = Variable(Tensor(Self.shape, elements: [Float](repeating: 1, count: 30)), requiresGradient: true)
    let tape = makeTape()
    for _ in 0..<2 {
      let output = tape.pointwise(.relu, leaf)
      tape.seed(output, gradient: Tensor(Self.shape, elements: [Float](repeating: 3, count: 30)))
      tape.backward()
    }
    #expect(leaf.gradient?.elements == [Float](repeating: 6, count: 30))
  }

  @Test func aSeedIsCopied() throws {
    let leaf = Variable(Tensor(Self.shape, elements: [Float](repeating: -1, count: 30)), requiresGradient: true)
    let seed = Tensor(Self.shape, elements: [Float](repeating: 3, count: 30))
    let tape = makeTape()
    tape.seed(tape.pointwise(.relu, leaf), gradient: seed)
    tape.backward()
    #expect(leaf.gradient?.elements == [Float](repeating: 0, count: 30))
    #expect(seed.elements == [Float](repeating: 3, count: 30), "a rule overwrote the caller's tensor")
  }

  @Test func aSeedOfSomeImagesIsAddedToThoseImages() throws {
    let leaf = Variable(Tensor(Shape([3, 1, 1, 2]), elements: [1, 1, 1, 1, 1, 1]), requiresGradient: true)
    let tape = makeTape()
    let output = tape.pointwise(.relu, leaf)
    tape.seed(output, gradient: Tensor(Shape([3, 1, 1, 2]), elements: [1, 2, 3, 4, 5, 6]))
    tape.seed(output, from: 1, gradient: Tensor(Shape([1, 1, 1, 2]), elements: [10, 20]))
    tape.seed(output, from: 1, gradient: Tensor(Shape([2, 1, 1, 2]), elements: [100, 200, 300, 400]))
    tape.backward()
    #expect(leaf.gradient?.elements == [1, 2, 113, 224, 305, 406])
  }

  @Test func constantsAreNotDifferentiated() throws {
    var random = Random(seed: 2)
    let image = Variable(random.tensor(Self.shape))
    let weight = Variable(random.tensor(Shape([4, 5, 3, 3])))
    let parameter = Variable(random.tensor(Shape([4])), requiresGradient: true)
    let tape = makeTape()
    let constant = tape.convolution(image, weight: weight, bias: nil, padding: 1, paddingMode: .zeros)
    #expect(!constant.requiresGradient)
    let output = tape.convolution(image, weight: weight, bias: parameter, padding: 1, paddingMode: .zeros)
    #expect(output.requiresGradient)
    tape.seed(output, gradient: Tensor(output.value.shape, elements: [Float](repeating: 1, count: 24)))
    tape.backward()
    #expect(image.gradient == nil && weight.gradient == nil)
    // Six positions, each with a gradient of 1.
    #expect(parameter.gradient?.elements == [6, 6, 6, 6])
  }

  /// Sizes for which kernels prefer F(6×6), F(4×4) and, below their channels, direct convolution, some of them twice.
  @Test(arguments: [(8, 8), (3, 8), (160, 136)])
  func preparedWeightsServeAllSizesWithTheSameBits(inputs: Int, outputs: Int) throws {
    var random = Random(seed: 3)
    let weight = random.tensor(Shape([outputs, inputs, 3, 3]))
    let prepared = PreparedWeights(weight)
    for (height, width) in [(7, 5), (12, 18), (4, 4), (8, 16), (36, 31), (7, 5), (1, 1)] {
      let input = random.tensor(Shape(batch: 2, height: height, width: width, channels: inputs))
      let outer = random.tensor(Shape(batch: 2, height: height, width: width, channels: outputs))
      let results = try [nil, prepared].map { prepared in
        try differentiate([input], outputGradient: outer) {
          $0.convolution(
            $1[0], weight: Variable(weight), bias: nil, padding: 1, paddingMode: .zeros, prepared: prepared)
        }
      }
      #expect(results[0].output.elements == results[1].output.elements, "\(height)×\(width)")
      #expect(results[0].gradients[0].elements == results[1].gradients[0].elements, "\(height)×\(width)")
    }
  }
}
