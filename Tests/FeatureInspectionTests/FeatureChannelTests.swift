import FeatureInspection
import Networks
import TestSupport
import Testing
import Training

@Suite struct FeatureChannelTests {
  @Test func textsNameChannels() throws {
    let channel = try FeatureChannel("relu3_3:107")
    #expect(channel.layer.name == "relu3_3" && channel.index == 107 && "\(channel)" == "relu3_3:107")
    #expect(try FeatureChannel("relu1_1:0").index == 0)
    #expect(try FeatureChannel("relu4_3:511").index == 511)
  }

  @Test func unknownLayersAndChannelsAreNamedWithWhatIsKnown() {
    let layers = VGG16Activation.all.map(\.name)
    for text in ["relu5_1:3", "conv3_3:3", ":3", "RELU3_3:3"] {
      let name = String(text.prefix { $0 != ":" })
      #expect(throws: InspectionError.unknownLayer(found: name, known: layers)) { try FeatureChannel(text) }
    }
    for index in ["256", "-1", "", "x", "1.5", "99999999999999999999"] {
      #expect(throws: InspectionError.unknownChannel(found: index, layer: "relu3_3", count: 256)) {
        try FeatureChannel("relu3_3:\(index)")
      }
    }
    for text in ["", "relu3_3", "relu3_3:1:2"] {
      #expect(throws: InspectionError.malformedChannel(found: text)) { try FeatureChannel(text) }
    }
  }

  @Test func sentencesListWhatIsKnown() {
    let layer = InspectionError.unknownLayer(found: "x", known: VGG16Activation.all.map(\.name)).description
    #expect(VGG16Activation.all.allSatisfy { layer.contains($0.name) })
    let channel = InspectionError.unknownChannel(found: "600", layer: "relu4_1", count: 512).description
    #expect(channel.contains("600") && channel.contains("0 to 511"))
    #expect(InspectionError.malformedChannel(found: "x").description.contains("relu4_3 (0 to 511)"))
  }

  @Test func memoryIsCheckedBeforeItIsUsed() throws {
    let gigabyte = 1 << 30
    try PictureMemory.check(width: 256, height: 256, for: .gradient, file: "a.png", available: gigabyte)
    #expect(throws: InspectionError.self) {
      try PictureMemory.check(width: 2048, height: 2048, for: .gradient, file: "a.png", available: gigabyte)
    }
    #expect(throws: InspectionError.pictureTooSmall(file: "a.png", width: 7, height: 90, minimum: 8)) {
      try PictureMemory.check(width: 7, height: 90, for: .features, file: "a.png", available: nil)
    }
    let network = try NetworkDefinition.named("johnson")
    try PictureMemory.check(width: 512, height: 512, for: network, file: "a.png", available: 8 * gigabyte)
    #expect {
      try PictureMemory.check(width: 4096, height: 4096, for: network, file: "a.png", available: gigabyte)
    } throws: {
      "\($0)".contains("4096×4096") && "\($0)".contains("1.1 GB are free")
    }
  }
}
