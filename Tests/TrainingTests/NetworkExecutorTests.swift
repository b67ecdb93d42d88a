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
}
