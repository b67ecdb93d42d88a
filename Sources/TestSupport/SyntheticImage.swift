import Tensors

/// Returns a picture of whole numbers 0…222: a gradient in each channel plus an integer hash as grain.
///
/// `Tests/Golden/dump_golden.py` computes the same picture, so that golden values need no stored input.
///
/// - Returns: `[1, height, width, 3]`.
package func syntheticImage(width: Int, height: Int, seed: UInt32) -> Tensor {
  var elements: [Float] = []
  elements.reserveCapacity(height * width * 3)
  for y in 0..<UInt32(height) {
    for x in 0..<UInt32(width) {
      for channel in 0..<UInt32(3) {
        var hash = x &* 0x9E37_79B1 ^ y &* 0x85EB_CA77 ^ channel &* 0xC2B2_AE3D ^ seed &* 0x27D4_EB2F
        hash = (hash ^ hash >> 15) &* 0x2C1B_3C6D
        hash = (hash ^ hash >> 12) &* 0x297A_2D39
        hash ^= hash >> 15
        let slope = (3 &* x &+ 2 &* y &+ 37 &* channel &+ 53 &* seed) % 160
        elements.append(Float(slope + (hash & 63)))
      }
    }
  }
  return Tensor(Shape(batch: 1, height: height, width: width, channels: 3), elements: elements)
}
