import FeatureInspection
import Imaging
import Tensors
import Testing

@Suite struct FeatureMapTests {
  private let features = Tensor(
    Shape(batch: 1, height: 2, width: 3, channels: 2), elements: [0, 5, 1, 4, 2, 3, 3, 8, 1, 1, -6, 8])

  @Test func mapsAreChannels() {
    let map = FeatureMap(features, channel: 1)
    #expect(map == FeatureMap(height: 2, width: 3, values: [5, 4, 3, 8, 1, 8]))
    #expect(map.strongest == (1, 0, 8), "the first of equals")
    #expect(abs(map.mean - 29.0 / 6) < 1e-6)
  }

  @Test func picturesShowValues() {
    let picture = FeatureMap(height: 1, width: 3, values: [-1, 1, 2]).picture
    #expect(picture.pixels == [0, 0, 0, 128, 128, 128, 255, 255, 255])
    let signed = FeatureMap(height: 1, width: 3, values: [-2, 0, 1]).signedPicture
    #expect(signed[0, 0] == (0, 0, 255) && signed[1, 0] == (128, 128, 128))
    #expect(signed[2, 0].red > 180 && signed[2, 0].blue < 75)
    #expect(FeatureMap(height: 1, width: 1, values: [0]).picture.pixels == [0, 0, 0])
  }

  @Test func signedPicturesAreGreyWhereNothingIs() {
    let values = Tensor(Shape(batch: 1, height: 1, width: 2, channels: 3), elements: [0, 1, -1, 0, 0.5, 0])
    #expect(Picture(signed: values).pixels == [128, 255, 0, 128, 191, 128])
    #expect(Picture(signed: values, limit: 2).pixels == [128, 191, 64, 128, 159, 128])
  }

  @Test func magnifiedPixelsAreSquares() {
    let picture = FeatureMap(height: 1, width: 2, values: [0, 1]).picture.magnified(width: 6)
    #expect(picture.width == 6 && picture.height == 3)
    #expect((0..<6).map { picture[$0, 1].red } == [0, 0, 0, 255, 255, 255])
  }
}
