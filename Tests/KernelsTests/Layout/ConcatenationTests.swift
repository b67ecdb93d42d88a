import Kernels
import TestSupport
import Tensors
import Testing

@Suite struct ConcatenationTests {
  private func map(_ channels: Int, pixels: Int, seed: UInt64) -> ReferenceTensor {
    var random = Random(seed: seed)
    return ReferenceTensor(random.tensor(Shape(batch: 1, height: 1, width: pixels, channels: channels)))
  }

  @Test("Channels follow one another, in pixels and in blocks", arguments: [1, 3, 8, 13, 16], [1, 5, 8, 11])
  func forward(first: Int, second: Int) {
    let pixels = 1100
    let (a, b) = (map(first, pixels: pixels, seed: 1), map(second, pixels: pixels, seed: 2))
    let expected = Reference.concatenation(a, b)
    let computed = guarded(a.floats, count: expected.elements.count) { source, target in
      b.floats.withUnsafeBufferPointer { other in
        guard let other = other.baseAddress else { return }
        Concatenation.forward(
          source, channels: first, other, channels: second, pixels: pixels, output: target, pool: pool)
      }
    }
    #expect(computed == expected.floats)

    func stored(_ map: ReferenceTensor) -> [Float] {
      let (channels, width) = (map.shape.channels, ActivationLayout.storedChannels(map.shape.channels))
      return (0..<pixels * width).map {
        $0 % width < channels ? Float(map.elements[$0 / width * channels + $0 % width]) : 0
      }
    }
    func blocks(_ map: ReferenceTensor) -> [Float] {
      inBlocks(stored(map), batch: 1, channels: ActivationLayout.storedChannels(map.shape.channels))
    }
    let other = GuardedBuffer(blocks(b))
    let width = ActivationLayout.storedChannels(first + second)
    let result = guarded(blocks(a), count: pixels * width) {
      Concatenation.forwardBlocks(
        $0, channels: first, other.pointer, channels: second, pixels: pixels, output: $1, pool: pool)
    }
    #expect(fromBlocks(result, batch: 1, channels: width) == stored(expected))
  }

  @Test("The gradient of an operand is its part of the output's gradient")
  func backward() {
    let (pixels, first, second) = (7, 3, 5)
    let outer = map(first + second, pixels: pixels, seed: 3)
    for (channel, count) in [(0, first), (first, second)] {
      let part = guarded(outer.floats, count: pixels * count) {
        Concatenation.backward(
          $0, channels: first + second, from: channel, count: count, pixels: pixels, dInput: $1, pool: pool)
      }
      let expected = (0..<pixels * count).map {
        Float(outer.elements[$0 / count * (first + second) + channel + $0 % count])
      }
      #expect(part == expected)
    }
  }
}
