import Imaging
import TestSupport
import Testing
import Training

@Suite struct StyleCropTests {
  @Test func textIsParsedAndFormatted() throws {
    #expect(try StyleCrop("0,2.5,4,0").description == "0,2.5,4,0")
    #expect(try StyleCrop("0,0,0,0") == .none)
    #expect(try StyleCrop("99.5,0,0.4,99").description == "99.5,0,0.4,99")
  }

  @Test(arguments: [
    "", "1", "1,2,3", "1,2,3,4,5", "1,2,3,", "a,b,c,d", "-1,0,0,0", "0,0,nan,0", "0,inf,0,0", "50,0,50,0", "0,60,0,40",
    "1e300,0,0,0", "0 0 0 0", "5%,0,0,0",
  ]) func invalidTextIsAnError(text: String) {
    let error = #expect(throws: TrainingError.self) { try StyleCrop(text) }
    let sentence = error?.description ?? ""
    #expect(sentence.contains("'\(text)'") && sentence.contains("LEFT,TOP,RIGHT,BOTTOM"), "\(sentence)")
  }

  @Test func cropsByPercent() throws {
    let picture = Picture(tensor: syntheticImage(width: 200, height: 100, seed: 2))
    #expect(try StyleCrop("10,20,5,3").applied(to: picture) == picture.cropped(x: 20, y: 20, width: 170, height: 77))
    #expect(StyleCrop.none.applied(to: picture) == picture)
    #expect(try StyleCrop("0,49.9,0,50").applied(to: picture) == nil)
    // A single pixel stays as it is or disappears.
    let pixel = Picture(width: 1, height: 1, red: 1, green: 2, blue: 3)
    #expect(try StyleCrop("0,0,10,10").applied(to: pixel) == pixel)
    #expect(try StyleCrop("60,0,10,0").applied(to: pixel) == nil)
  }
}
