import ArgumentParser
import Console
import Testing

@Suite struct ArgumentValuesTests {
  @Test(arguments: ["640x360", "640X360"])
  func frameSizeIsWidthTimesHeight(text: String) throws {
    let size = try FrameSize.parse(text)
    #expect(size == FrameSize(width: 640, height: 360))
    #expect(size.description == "640x360")
  }

  @Test(arguments: [
    "", "x", "640", "640x", "x360", "640x360x2", "0x360", "640x0", "-640x360", "640 x 360", "6.4x3", "16385x1",
    "99999999999999999999x1",
  ])
  func otherFrameSizesAreRefused(text: String) {
    #expect(throws: ValidationError.self) { try FrameSize.parse(text) }
  }

  @Test func numbersKeepToTheirRange() throws {
    let strength = ArgumentValues.number(in: 0...1)
    #expect(try strength("0") == 0)
    #expect(try strength("1") == 1)
    #expect(try strength("2.5e-1") == 0.25)
    for text in ["", "-0.1", "1.0001", "nan", "inf", "half", "0,5"] {
      #expect(throws: ValidationError.self) { try strength(text) }
    }
  }

  @Test func signsAreChecked() throws {
    let rate = ArgumentValues.number(positive: true)
    let weight = ArgumentValues.number(positive: false)
    #expect(try rate("1e-3") == 0.001)
    #expect(try weight("0") == 0)
    for text in ["-1", "nan", "inf", "1e400"] {
      #expect(throws: ValidationError.self) { try rate(text) }
      #expect(throws: ValidationError.self) { try weight(text) }
    }
    #expect(throws: ValidationError.self) { try rate("0") }
  }

  @Test func integersKeepToTheirRange() throws {
    let crf = ArgumentValues.integer(in: 0...51)
    #expect(try crf("51") == 51)
    for text in ["52", "-1", "1.5", "", "0x10", "99999999999999999999"] {
      #expect(throws: ValidationError.self) { try crf(text) }
    }
  }
}
