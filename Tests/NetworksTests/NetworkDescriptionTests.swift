import Networks
import Testing

@Suite struct NetworkDescriptionTests {
  /// All heads, tails, filters and norms, with three and four levels.
  static let descriptions = [
    "quality", "realtime",
    "separable", "dense", "phone", "dense:head=unshuffle2,tail=shuffle2,norm=instance",
    "dense:head=strided,stages=separable,tail=upsample,blocks=0", "dense:tail=upsample,detail=0",
    "phone:channels=4-8-16-24,detail=3,kernel=9",
    "separable:norm=none,channels=8-16-32,blocks=2", "dense:norm=batch,blocknorm=none,block=separable,blocks=1",
    "separable:head=full,tail=shuffle4,channels=8-8-8-8,blocks=1", "dense:canvas=64", "phone:canvas=1024,revision=0",
  ]

  @Test("Extents and channels are consistent, and the output has the size of the picture", arguments: descriptions)
  func nodesFit(_ description: String) throws {
    let definition = try NetworkDefinition.named(description)
    try definition.check()
    let extent = 3 * definition.sizeMultiple
    let shapes = try definition.shapes(height: extent, width: 2 * extent)
    #expect(shapes.last == FeatureShape(height: extent, width: 2 * extent, channels: 3))
    // Each level halves the picture. There are three or four levels.
    #expect(definition.sizeMultiple == (description.split(separator: "-").count == 4 ? 8 : 4))
    let names = definition.parameters.map(\.name)
    #expect(Set(names).count == names.count, "parameters of one name")
  }

  @Test("The full description gives the same network, independently of presets", arguments: descriptions)
  func descriptionIsComplete(_ description: String) throws {
    let definition = try NetworkDefinition.named(description, width: 0.5)
    let again = try NetworkDefinition.named(definition.name, width: 0.5)
    #expect(again == definition)
    #expect(definition.name.contains("blocknorm="))
  }

  @Test("Every property can be set by a description and is listed")
  func everyChoice() throws {
    let text =
      "dense:head=full,stages=separable,block=separable,tail=shuffle2,channels=4-8-12-16,detail=3,blocks=2,kernel=7,"
      + "norm=instance,blocknorm=none,canvas=100,revision=5"
    let description = try NetworkDescription(text)
    #expect(description.description == text)
    let preset = Mirror(reflecting: try NetworkDescription("dense")).children
    for (changed, usual) in zip(Mirror(reflecting: description).children, preset) {
      #expect("\(changed.value)" != "\(usual.value)", "the text does not set \(changed.label ?? "a property")")
    }
  }

  @Test("Statistics are not counted as trained values")
  func statistics() throws {
    let definition = try NetworkDefinition.named("dense:blocks=1,channels=8-16-32")
    let statistics = definition.parameters.filter { !$0.isTrained }
    let norms = ["head.norm", "res1.norm1", "res1.norm2"]
    #expect(statistics.map(\.name) == norms.flatMap { [$0 + ".running_mean", $0 + ".running_var"] })
    #expect(statistics.allSatisfy { $0.shape == [32] })
    // 48·32·9 + 32, two of 32·32·9 + 32, 32·48·9 + 48, and three norms of twice 32.
    #expect(definition.parameterCount == 13_856 + 2 * 9248 + 13_872 + 192)
  }

  @Test("The separable preset has the size of Stadia's network: about ten thousand multiply-adds per pixel")
  func separableCost() throws {
    let definition = try NetworkDefinition.named("separable")
    let cost = try definition.multiplyAdds(height: 256, width: 256) / (256 * 256)
    #expect((8_000...12_000).contains(cost), "\(cost)")
    // Calculated by hand for one pixel: head 27·32/4, down2 (9·32 + 32·64)/16, thirty times (9·64 + 64·64)/16, up1
    // 64·32/16 + 9·32/4, up0 32·8/4 + 9·8, output 9·8·3.
    #expect(cost == 216 + 146 + 8760 + 128 + 72 + 64 + 72 + 216)
  }

  @Test("Convolutions before a shuffle start as an enlargement by interpolation, others with random weights")
  func initialization() throws {
    func initialization(_ description: String, _ name: String) throws -> ParameterSpecification.Initialization? {
      try NetworkDefinition.named(description).parameters.first { $0.name == name }?.initialization
    }
    #expect(try initialization("dense:tail=shuffle2", "output.weight") == .interpolation(factor: 2, fanIn: 16))
    #expect(try initialization("dense:tail=shuffle4", "output.weight") == .interpolation(factor: 4, fanIn: 32))
    #expect(try initialization("dense:tail=shuffle4", "output.bias") == .constant(0))
    #expect(try initialization("dense:tail=upsample,detail=0", "output.weight") == .uniform(fanIn: 144))
  }

  @Test("Rejects invalid choices")
  func refusals() {
    for (description, words) in [
      ("dense:blocks=33", "0 to 32"), ("dense:blocks=-1", "0 to 32"), ("dense:norm=layer", "instance or batch or none"),
      ("dense:channels=8", "three or four"), ("dense:channels=8-0-8", "three or four"),
      ("dense:channels=8-x-8", "three or four"), ("dense:kernel=4", "3, 5, 7 or 9"), ("dense:depth=3", "blocknorm"),
      ("dense:smooth=14", "blocknorm"), ("dense:grain=6", "blocknorm"),
      ("dense:", "blocks=4"), ("dense:blocks", "blocks=4"), ("dense:blocks=1,", "blocks=4"),
      ("dense:detail=9999999999999999999", "0 to 256"), ("dense:kernel=+3", "3, 5, 7 or 9"),
      ("dense:head=half", "full or strided or unshuffle2 or unshuffle4"), ("dense:canvas=63", "0 or from 64 to 1024"),
      ("dense:revision=33", "0 or from 4 to 32"),
      ("dense:=1", "head, stages, block, tail, channels, detail, blocks, kernel, norm, blocknorm, canvas or revision"),
    ] {
      let error = #expect(throws: ModelError.self) { try NetworkDefinition.named(description) }
      #expect(error?.description.contains(words) == true, "\(description): \(error?.description ?? "")")
    }
    #expect(throws: ModelError.unknownNetwork("tall:blocks=1")) { try NetworkDefinition.named("tall:blocks=1") }
    #expect(throws: ModelError.invalidWidth(5)) { try NetworkDefinition.named("dense", width: 5) }
  }
}
