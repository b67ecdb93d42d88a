import ArgumentParser
import Console
import Testing

@Suite struct MaskOptionsTests {
  @Test func optionsAreReadAndHaveDefaults() throws {
    let plain = try MaskOptions.parse([])
    #expect(plain.report == nil && plain.outsideStyle == nil && !plain.invertMask && plain.maskFeather == 0)
    let given = try MaskOptions.parse([
      "--mask", "a.png", "--invert-mask", "--mask-feather", "2.5", "--outside-style", "wave:2,scream",
    ])
    #expect(
      given.report
        == MaskReport(file: "a.png", inverted: true, feather: 2.5, outsideStyle: "wave:2.0,scream"))
    let luma = try MaskOptions.parse(["--mask-luma", "0.25-1"])
    #expect(luma.maskLuma == 0.25...1 && luma.report == MaskReport(luma: [0.25, 1], inverted: false, feather: 0))
    #expect(
      try MaskOptions.parse(["--mask-alpha"]).report == MaskReport(alpha: true, inverted: false, feather: 0))
  }

  @Test(arguments: ["", "-", "0.5", "1-0", "0.5-0.5", "-1-0.5", "0-2", "a-b", "0-0.5-1", "nan-1", "0.1-inf"])
  func otherRangesAreRefused(text: String) {
    #expect(throws: (any Error).self) { try MaskOptions.parse(["--mask-luma=\(text)"]) }
  }

  @Test(arguments: [
    ["--mask", "a.png", "--mask-luma", "0-1"], ["--mask-luma", "0-0.5", "--mask-alpha"], ["--invert-mask"],
    ["--mask-feather", "3"], ["--outside-style", "wave"], ["--mask", "a.png", "--mask-feather", "-1"],
  ])
  func contradictionsAreRefused(arguments: [String]) {
    #expect(throws: (any Error).self) { try MaskOptions.parse(arguments) }
  }
}
