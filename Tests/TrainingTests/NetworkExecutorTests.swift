import Autograd
import Networks
import TestSupport
import Tensors
import Testing
import Threading
import Training

@Suite struct NetworkExecutorTests {
  @Test("Gradients of a network with a canvas agree with central differences, for draft and revision")
  func canvasGradients() throws {
    let definition = try NetworkDefinition.named(
      "phone:blocks=0,channels=4-4-4,detail=4,norm=none,canvas=64,revision=4")
    var parameters = NetworkExecutor.initialParameters(of: definition, seed: 2)
    var random = Random(seed: 9)
    for name in ["revision.conv2.weight", "revision.conv2.bias"] {
      let shape = try #require(parameters[name]).shape
      #expect(parameters[name]?.elements.allSatisfy { $0 == 0 } == true, "the initial residual must be zero")
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
        // The rounding error divided by the step, which also crosses the kinks of a few ReLUs.
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
