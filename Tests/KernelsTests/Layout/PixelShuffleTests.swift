import Kernels
import TestSupport
import Tensors
import Testing

/// Shuffling only moves values, so results must be bit-identical.
@Suite struct PixelShuffleTests {
  /// The shape of the smaller map, whose channels are those here times the square of the factor.
  static let cases: [(Shape, Int)] = [
    (Shape(batch: 1, height: 1, width: 1, channels: 1), 2), (Shape(batch: 2, height: 1, width: 3, channels: 3), 2),
    (Shape(batch: 1, height: 5, width: 2, channels: 3), 4), (Shape(batch: 3, height: 3, width: 4, channels: 8), 3),
    (Shape(batch: 2, height: 4, width: 5, channels: 5), 1),
  ]

  @Test(arguments: cases)
  func bothWaysAgreeWithReference(_ shape: Shape, factor: Int) {
    var random = Random(seed: 1)
    let packed = ReferenceTensor(
      random.tensor(
        Shape(
          batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels * factor * factor)))
    let spread = Reference.pixelShuffle(packed, factor: factor)
    let shuffled = guarded(packed.floats, count: packed.shape.count) {
      PixelShuffle.shuffle(
        $0, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels, factor: factor,
        output: $1, pool: pool)
    }
    #expect(shuffled == spread.floats)
    let unshuffled = guarded(spread.floats, count: packed.shape.count) {
      PixelShuffle.unshuffle(
        $0, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels, factor: factor,
        output: $1, pool: pool)
    }
    #expect(unshuffled == packed.floats)
    #expect(Reference.pixelUnshuffle(spread, factor: factor) == packed)
  }
}
