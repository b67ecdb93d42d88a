import Autograd
import Networks
import TestSupport
import Tensors
import Testing
import Threading
import Training

@Suite struct BaseModelTests {
  /// The rounding error of split sums in single precision, through a dozen layers with norms.
  static let tolerance = 1e-4

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func model(_ network: String, width: Double) throws -> StyleModel {
    let definition = try NetworkDefinition.named(network, width: width)
    let parameters = NetworkExecutor.initialParameters(of: definition, seed: 5)
    // Norms and statistics differ from their initial ones and zeros, so that a misplaced channel shows.
    var random = Random(seed: 9)
    for specification in definition.parameters where specification.shape.count == 1 {
      guard let tensor = parameters[specification.name] else { continue }
      for index in 0..<tensor.count { tensor.pointer[index] = 0.5 + abs(random.uniform(count: 1)[0]) }
    }
    return StyleModel(definition: definition, parameters: parameters, style: "base")
  }

  private func output(_ definition: NetworkDefinition, _ parameters: [String: Tensor]) -> (Tensor, NetworkExecutor) {
    let executor = NetworkExecutor(definition: definition, parameters: parameters, trainable: true)
    let tape = Tape(pool: ComputePool(threads: 2), allocator: TensorAllocator())
    let output = executor(Variable(syntheticImage(width: 32, height: 24, seed: 3)), on: tape)
    var random = Random(seed: 1)
    tape.seed(output, gradient: random.tensor(output.value.shape))
    tape.backward()
    return (output.value, executor)
  }

  @Test(
    "A widened network computes the same function, and its copies have different gradients",
    arguments: [
      ("johnson", 0.125, 0.25), ("johnson", 0.125, 0.375),
      ("dense:head=unshuffle4,tail=shuffle2,channels=8-16-32,detail=0,blocks=1", 0.25, 0.5),
      ("separable:channels=8-16-32,blocks=1", 0.5, 1),
    ])
  func widening(network: String, from: Double, to: Double) throws {
    let base = try model(network, width: from)
    let definition = try NetworkDefinition.named(network, width: to)
    let parameters = try #require(BaseModel.widened(base, to: definition, seed: 2))
    for specification in definition.parameters {
      #expect(parameters[specification.name]?.shape.dimensions == specification.shape)
    }
    let (expected, _) = output(base.definition, base.parameters)
    let (painted, executor) = output(definition, parameters)
    let discrepancy = Discrepancy(painted, expected: ReferenceTensor(expected))
    #expect(discrepancy.relative <= Self.tolerance, "\(discrepancy)")
    // The gradients of the first convolution's copies depend on the shares of the layers that read them.
    let first = try #require(definition.parameters.first { $0.shape.count == 4 })
    let gradient = try #require(executor.parameters[first.name]?.gradient).elements
    let narrow = try #require(base.parameters[first.name]).count
    let copies = zip(gradient, gradient.dropFirst(narrow)).prefix(narrow)
    let largest = copies.map { max(abs($0), abs($1)) }.max() ?? 0
    // Far more than rounding errors: training can tell the copies apart.
    #expect((copies.map { abs($0 - $1) }.max() ?? 0) > 0.01 * largest)
  }

  @Test func aNarrowerNetworkCanBeTheBase() throws {
    let base = try model("half", width: 0.25)
    let path = folder.file("base.safetensors")
    try base.save(path: path)
    let definition = try NetworkDefinition.named("johnson", width: 0.25)
    let parameters = try BaseModel.parameters(at: path, for: definition, seed: 2)
    let again = try #require(BaseModel.widened(base, to: definition, seed: 2))
    #expect(parameters.mapValues(\.elements) == again.mapValues(\.elements))
    let itself = try BaseModel.parameters(at: path, for: base.definition, seed: 2)
    #expect(itself.mapValues(\.elements) == base.parameters.mapValues(\.elements))
  }

  @Test(
    arguments: [("dense", "dense:canvas=64"), ("dense:canvas=64", "dense"), ("dense:canvas=64", "dense:canvas=128")])
  func theCanvasOfTheBaseMayDiffer(base: String, network: String) throws {
    let base = try model(base, width: 1)
    let path = folder.file("base.safetensors")
    try base.save(path: path)
    let definition = try NetworkDefinition.named(network)
    let parameters = try BaseModel.parameters(at: path, for: definition, seed: 2)
    #expect(Set(parameters.keys) == Set(definition.parameters.map(\.name)))
    for (name, tensor) in base.parameters where definition.canvasLines != nil || !name.hasPrefix("revision.") {
      #expect(parameters[name]?.elements == tensor.elements, "\(name)")
    }
  }

  @Test(
    "A base is refused if its channels do not divide those of the network, if it is wider, or if its network differs",
    arguments: [(0.125, "johnson", 0.1875), (0.25, "johnson", 0.125), (0.125, "dense", 0.5)])
  func incompatibleBasesAreRefused(base: Double, network: String, width: Double) throws {
    let path = folder.file("base.safetensors")
    try model("johnson", width: base).save(path: path)
    #expect {
      _ = try BaseModel.parameters(at: path, for: NetworkDefinition.named(network, width: width), seed: 1)
    } throws: { error in
      guard case TrainingError.incompatibleBase(let file, _, _) = error else { return false }
      return file == path
    }
  }
}
