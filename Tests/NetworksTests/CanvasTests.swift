import Networks
import Testing

@Suite struct CanvasTests {
  private static let description = "dense:blocks=1,norm=instance,canvas=256,revision=8"

  @Test(
    "A canvas has its lines along the short side, the picture's aspect ratio, and extents that are multiples",
    arguments: [
      (720, 1280, 256, 4, 256, 456), (1280, 720, 256, 4, 456, 256), (1080, 1920, 256, 4, 256, 456),
      (2160, 3840, 360, 8, 360, 640), (255, 400, 256, 4, 256, 400), (16, 16, 256, 4, 16, 16), (1, 1, 64, 4, 4, 4),
      (17, 33, 256, 4, 16, 32), (18, 34, 64, 4, 20, 36), (300, 20_000, 150, 4, 152, 10_000), (1, 4001, 64, 8, 8, 4000),
      (65_536, 65_536, 1024, 4, 1024, 1024),
    ])
  func extents(height: Int, width: Int, lines: Int, multiple: Int, canvasHeight: Int, canvasWidth: Int) {
    let canvas = Canvas.extents(lines: lines, height: height, width: width, multiple: multiple)
    #expect(canvas == (canvasHeight, canvasWidth))
  }

  @Test("A canvas is the first node, a revision the last, and the name lists them only if they exist")
  func description() throws {
    let definition = try NetworkDefinition.named(Self.description)
    #expect(definition.canvasLines == 256 && definition.revisionChannels == 8)
    #expect(definition.nodes[1] == Node(operation: .canvas(lines: 256), inputs: [0]))
    #expect(definition.nodes[2] == Node(operation: .affine(scale: 1 / 127.5, offset: -1), inputs: [1]))
    let last = definition.nodes.count - 1
    #expect(definition.nodes[last] == Node(name: "revision", operation: .revision(channels: 8), inputs: [0, last - 1]))
    #expect(definition.name.hasSuffix(",canvas=256,revision=8"))
    #expect(try NetworkDefinition.named(definition.name) == definition)
    let plain = try NetworkDefinition.named("dense:revision=4")
    #expect(plain.canvasLines == nil && plain.revisionChannels == nil && !plain.name.contains("revision"))
    // A description without a canvas means that there is none, as long as this holds.
    for preset in NetworkDescription.presetNames { #expect(try NetworkDescription(preset).canvas == 0) }
  }

  @Test("A revision starts without any effect, and its channels do not depend on the width")
  func parameters() throws {
    let definition = try NetworkDefinition.named(Self.description, width: 0.5)
    let own = definition.parameters.suffix(4)
    #expect(own.map(\.name) == ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"].map { "revision.\($0)" })
    #expect(own.map(\.shape) == [[8, 8, 3, 3], [8], [12, 8, 3, 3], [12]])
    #expect(
      own.map(\.initialization) == [.uniform(fanIn: 72), .uniform(fanIn: 72), .constant(0), .constant(0)])
    let plain = try NetworkDefinition.named("dense:canvas=64,revision=0")
    #expect(plain.revisionChannels == 0 && plain.parameters == plain.draft.parameters)
  }

  @Test("The draft is the network without a canvas, with the same parameters")
  func draft() throws {
    let definition = try NetworkDefinition.named(Self.description)
    let draft = definition.draft
    #expect(draft.nodes == (try NetworkDefinition.named("dense:blocks=1,norm=instance").nodes))
    #expect(draft.parameters == Array(definition.parameters.dropLast(4)))
    #expect(draft.draft == draft)
    #expect(NetworkDefinition.johnson().draft == .johnson())
  }

  @Test("Another canvas changes only the lines, and lines out of range are rejected")
  func otherCanvas() throws {
    let definition = try NetworkDefinition.named(Self.description)
    let other = try definition.withCanvas(lines: 360)
    let named = try NetworkDefinition.named(Self.description.replacing("canvas=256", with: "canvas=360"))
    #expect(other.nodes == named.nodes && other.name == definition.name)
    #expect(try other.withCanvas(lines: 256) == definition)
    #expect(try NetworkDefinition.johnson().withCanvas(lines: 64) == .johnson())
    for lines in [63, 1025, 0, -1, Int.max] {
      #expect(throws: ModelError.invalidCanvas(lines: lines)) { try definition.withCanvas(lines: lines) }
    }
    #expect(ModelError.invalidCanvas(lines: 63).description.contains("64 to 1024"))
  }

  @Test("Multiply-adds are those of the draft at canvas size and of the revision at picture size")
  func multiplyAdds() throws {
    let definition = try NetworkDefinition.named(Self.description)
    let draft = try definition.draft.multiplyAdds(height: 256, width: 456)
    // 72 products for each of 8 and 12 channels, for each of 360×640 blocks.
    #expect(try definition.multiplyAdds(height: 720, width: 1280) == draft + 360 * 640 * 72 * (8 + 12))
    let odd = try definition.multiplyAdds(height: 719, width: 1279)
    #expect(try odd == definition.draft.multiplyAdds(height: 256, width: 456) + 360 * 640 * 72 * 20)
  }

  @Test("Rejects a canvas or a revision out of range")
  func refusals() {
    for (choice, words) in [
      ("canvas=63", "64 to 1024"), ("canvas=1025", "64 to 1024"), ("canvas=-1", "64 to 1024"),
      ("canvas=large", "64 to 1024"), ("revision=3", "4 to 32"), ("revision=33", "4 to 32"),
      ("canvas=99999999999999999999", "64 to 1024"),
    ] {
      let error = #expect(throws: ModelError.self) { try NetworkDefinition.named("dense:\(choice)") }
      #expect(error?.description.contains(words) == true, "\(choice): \(error?.description ?? "")")
    }
  }
}
