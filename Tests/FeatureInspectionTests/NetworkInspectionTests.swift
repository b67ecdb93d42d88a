import Autograd
import FeatureInspection
import Imaging
import Networks
import TestSupport
import Tensors
import Testing
import Threading
import Training

@Suite struct NetworkInspectionTests {
  private let pool = ComputePool(threads: 2)
  private let photo = Picture(tensor: syntheticImage(width: 150, height: 110, seed: 4))

  @Test func stagesAreTheNetworksOwn() throws {
    let model = try randomModel(
      seed: 3,
      network: "dense:head=full,tail=upsample,channels=4-4-8,detail=0,blocks=1,norm=instance,canvas=96,revision=4")
    var passes: [Int] = []
    let inspection = NetworkInspection(model, painting: photo, count: 2, pool: pool) { pass, count in
      #expect(pass < count)
      passes.append(pass)
    }
    #expect(inspection.stages.map(\.name) == ["head", "down1", "down2", "res1", "up1"])
    #expect(inspection.stages.map(\.isResidual) == [false, false, false, true, false])
    #expect(inspection.stages.map(\.channelCount) == [4, 4, 8, 8, 4])
    #expect(inspection.canvas.height == 96 && inspection.draft.height == 96)
    // Six of each stage are compared, or all.
    #expect(passes == Array(0..<1 + 4 + 4 + 6 + 6 + 4))
    for stage in inspection.stages {
      #expect(stage.channels.count == 2 && stage.channels[0].strength >= stage.channels[1].strength)
      #expect(stage.channels.allSatisfy { $0.painted.width == inspection.draft.width })
      #expect(stage.channels.contains { $0.strength > 0 }, "\(stage.name) paints nothing")
    }
  }

  /// The draft and the result are what the network paints, and the revision is what lies between.
  @Test func picturesAreTheNetworks() throws {
    let model = try randomModel(seed: 3, network: canvasNetwork)
    let inspection = NetworkInspection(model, painting: photo, count: 1, pool: pool) { _, _ in }
    let executor = NetworkExecutor(definition: model.definition, parameters: model.parameters, trainable: false)
    let painted = executor(Variable(photo.tensor()), on: Tape(pool: pool, allocator: TensorAllocator())).value
    let revision = try #require(inspection.revision)
    #expect(revision.result == Picture(tensor: painted))
    for index in stride(from: 0, to: photo.pixels.count, by: 97) {
      let enlarged = Float(revision.enlarged.pixels[index])
      let difference = abs(painted.buffer[index] - enlarged)
      guard (1..<255).contains(enlarged), difference < NetworkInspection.limit else { continue }
      let added = (Float(revision.added.pixels[index]) - 127.5) * NetworkInspection.limit / 127.5
      // Two pictures are rounded, one of them in steps of half a level.
      #expect(abs(painted.buffer[index] - enlarged - added) <= 1.1)
    }
  }

  /// Without a channel, the picture changes by what the channel paints: compared with a network whose norm behind the
  /// channel's convolution has been silenced.
  @Test func aChannelIsWhatItsAbsenceChanges() throws {
    let model = try randomModel(
      seed: 5, network: "dense:channels=4-4-8,detail=0,blocks=1,norm=instance")
    let inspection = NetworkInspection(model, painting: photo, count: 1, pool: pool) { _, _ in }
    #expect(inspection.revision == nil)
    let channel = try #require(inspection.stages.first?.channels.first)
    var parameters = model.parameters
    for suffix in ["weight", "bias"] {
      let name = "head.norm.\(suffix)"
      let silenced = try #require(parameters[name]).copy()
      silenced.buffer[channel.index] = 0
      parameters[name] = silenced
    }
    func painted(_ parameters: [String: Tensor]) -> Tensor {
      let executor = NetworkExecutor(definition: model.definition, parameters: parameters, trainable: false)
      return executor(Variable(inspection.canvas.tensor()), on: Tape(pool: pool, allocator: TensorAllocator())).value
    }
    let (whole, without) = (painted(model.parameters), painted(parameters))
    let difference = Tensor(whole.shape, elements: zip(whole.elements, without.elements).map { $0 - $1 })
    #expect(channel.painted == Picture(signed: difference, limit: NetworkInspection.limit))
  }

  /// The names that PyTorch gives to layers in lists, which begin alike.
  @Test func blocksOfOtherProgramsHaveTheirOwnNames() {
    func convolution(_ inputs: Int, _ outputs: Int) -> Networks.Operation {
      .convolution(inputChannels: inputs, outputChannels: outputs, kernel: 3, stride: 1, padding: .reflect)
    }
    var nodes = [
      Node(operation: .input, inputs: []), Node(name: "model.1", operation: convolution(3, 4), inputs: [0]),
      Node(name: "slopes", operation: .parametricReLU(channels: 4), inputs: [1]),
    ]
    for block in ["model.2.block", "model.3.block"] {
      let shortcut = nodes.count - 1
      nodes.append(Node(operation: .relu, inputs: [shortcut]))
      nodes.append(Node(name: "\(block).1", operation: convolution(4, 4), inputs: [shortcut + 1]))
      nodes.append(Node(operation: .clamp(minimum: 0, maximum: 6), inputs: [shortcut + 2]))
      nodes.append(Node(name: "\(block).5", operation: convolution(4, 4), inputs: [shortcut + 3]))
      nodes.append(Node(operation: .add, inputs: [shortcut, shortcut + 4]))
    }
    nodes.append(Node(name: "last", operation: convolution(4, 3), inputs: [nodes.count - 1]))
    let model = randomModel(NetworkDefinition(name: "other", nodes: nodes))
    let inspection = NetworkInspection(model, painting: photo, count: 1, pool: pool) { _, _ in }
    #expect(inspection.stages.map(\.name) == ["model.1", "model.2.block", "model.3.block"])
    #expect(inspection.stages.map(\.isResidual) == [false, true, true])
  }

  @Test(arguments: NetworkDefinition.names)
  func everyNamedNetworkHasStages(name: String) throws {
    let model = randomModel(try NetworkDefinition.named(name))
    let small = Picture(tensor: syntheticImage(width: 61, height: 45, seed: 2))
    let inspection = NetworkInspection(model, painting: small, count: 1, pool: pool) { _, _ in }
    #expect(inspection.stages.count { $0.isResidual } == 5)
    #expect(inspection.stages.count { !$0.isResidual } >= 3)
    #expect(Set(inspection.stages.map(\.name)).count == inspection.stages.count)
  }
}
