import Autograd
import Kernels
import Networks
import TestSupport
import Tensors
import Testing
import Threading
import Training

@Suite struct NetworkExecutorTests {
  @Test("A network on a grain sees the picture with the grain of its place", arguments: [(0, 0), (3, 5), (70, 1)])
  func grain(origin: (x: Int, y: Int)) throws {
    let (plain, grained) = (
      try NetworkDefinition.named("phone:blocks=1"), try NetworkDefinition.named("phone:blocks=1,grain=9")
    )
    let parameters = NetworkExecutor.initialParameters(of: plain, seed: 4)
    let (height, width) = (8, 12)
    var random = Random(seed: 8)
    let picture = random.tensor(Shape(batch: 2, height: height, width: width, channels: 3), in: 0...255)
    let levels = Grain.values(width: width, height: height, x: origin.x, y: origin.y, amplitude: 9)
    let laid = picture.copy()
    for index in 0..<laid.count { laid.pointer[index] += Float(levels[index / 3 % levels.count]) }
    func output(_ definition: NetworkDefinition, _ input: Tensor, _ origin: SIMD2<Int>) -> [Float] {
      let executor = NetworkExecutor(definition: definition, parameters: parameters, trainable: false)
      let tape = Tape(pool: ComputePool(threads: 1), allocator: TensorAllocator())
      return executor(Variable(input), origin: origin, on: tape).value.elements
    }
    let expected = output(plain, laid, .zero)
    #expect(output(grained, picture, SIMD2(origin.x, origin.y)) == expected)
    #expect(output(grained, picture, SIMD2(origin.y + 1, origin.x)) != expected)
  }

  @Test("On a canvas, gradients of the draft and of the revision are those of central differences")
  func canvasGradients() throws {
    let definition = try NetworkDefinition.named(
      "phone:blocks=0,channels=4-4-4,detail=4,norm=none,canvas=64,revision=4")
    var parameters = NetworkExecutor.initialParameters(of: definition, seed: 2)
    var random = Random(seed: 9)
    for name in ["revision.conv2.weight", "revision.conv2.bias"] {
      let shape = try #require(parameters[name]).shape
      #expect(parameters[name]?.elements.allSatisfy { $0 == 0 } == true, "the residual begins at zero")
      parameters[name] = random.tensor(shape, in: -0.1...0.1)
    }
    let film = random.tensor(Shape(batch: 2, height: 67, width: 71, channels: 3), in: 0...255)
    let outer = random.tensor(film.shape)
    let pool = ComputePool(threads: 2)
    func output(_ parameters: [String: Tensor], _ tape: Tape) -> (Variable, NetworkExecutor) {
      let executor = NetworkExecutor(definition: definition, parameters: parameters, trainable: true)
      return (executor(Variable(film), on: tape), executor)
    }
    let tape = Tape(pool: pool, allocator: TensorAllocator())
    let (picture, executor) = output(parameters, tape)
    #expect(picture.value.shape == film.shape)
    tape.seed(picture, gradient: outer)
    tape.backward()
    for name in ["head.weight", "output.bias"] + definition.parameters.suffix(4).map(\.name) {
      let point = try #require(parameters[name])
      let analytic = try #require(executor.parameters[name]?.gradient, "no gradient of \(name)").elements
      let mismatches = gradientMismatches(
        at: point.elements, analytic: analytic, indices: random.indices(count: 3, below: point.count), step: 1e-3,
        // Single precision over the step, which also crosses the kinks of a few ReLUs.
        tolerance: 3e-2
      ) { elements in
        var moved = parameters
        moved[name] = Tensor(point.shape, elements: elements)
        let (picture, _) = output(moved, Tape(pool: pool, allocator: TensorAllocator()))
        return weightedSum(picture.value.elements, outer.elements)
      }
      #expect(mismatches.isEmpty, "\(name): \(mismatches)")
    }
  }
}
