import Kernels
import TestSupport
import Tensors
import Testing

@Suite struct BlockedPixelShuffleTests {
  /// Returns `[n, h, w, c]` in whole vectors, with zeros after the `channels` of `input`.
  private func stored(_ input: ReferenceTensor) -> [Float] {
    let channels = input.shape.channels
    let width = ActivationLayout.storedChannels(channels)
    var result = [Float](repeating: 0, count: input.elements.count / channels * width)
    for (index, value) in input.elements.enumerated() {
      result[index / channels * width + index % channels] = Float(value)
    }
    return result
  }

  @Test(
    "Blocks of pixels become channels and vice versa",
    arguments: [(1, 1, 1), (2, 3, 5), (5, 4, 8), (3, 7, 13)], [1, 2, 3, 4])
  func bothWays(extent: (height: Int, width: Int, channels: Int), factor: Int) {
    let (height, width, channels) = extent
    let deepChannels = channels * factor * factor
    var random = Random(seed: 46)
    let wide = ReferenceTensor(
      random.tensor(Shape(batch: 1, height: height * factor, width: width * factor, channels: channels)))
    let deep = Reference.pixelUnshuffle(wide, factor: factor)
    let (wideStored, deepStored) = (
      ActivationLayout.storedChannels(channels), ActivationLayout.storedChannels(deepChannels)
    )
    for pool in pools {
      let source = inBlocks(stored(wide), batch: 1, channels: wideStored)
      let unshuffled = guarded(source, count: height * width * deepStored) {
        BlockedPixelShuffle.unshuffle(
          $0, height: height, width: width, channels: channels, factor: factor, output: $1, pool: pool)
      }
      #expect(fromBlocks(unshuffled, batch: 1, channels: deepStored) == stored(deep))
      let shuffled = guarded(unshuffled, count: source.count) {
        BlockedPixelShuffle.shuffle(
          $0, height: height, width: width, channels: channels, factor: factor, output: $1, pool: pool)
      }
      #expect(shuffled == source)
    }
  }
}
