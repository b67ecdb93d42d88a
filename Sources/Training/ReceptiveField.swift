/// The pixels of a picture that a neuron of a convolutional network sees, along one axis.
///
/// For a neuron at index `i` of its feature map, they are `i·stride − overhang ..< i·stride − overhang + size`. Both
/// axes are alike.
package struct ReceptiveField: Hashable, Sendable {
  /// The number of pixels.
  package private(set) var size = 1
  /// The distance between the fields of neighbouring neurons in pixels.
  package private(set) var stride = 1
  /// How far the field of the first neuron extends beyond the picture's border, where convolutions read zeros.
  package private(set) var overhang = 0

  /// Creates the field of a pixel of the picture itself.
  package init() {}

  /// Returns the field behind a convolution of `kernel` × `kernel` with padding `kernel / 2` and stride 1.
  package func convolved(kernel: Int) -> ReceptiveField {
    var field = self
    field.size += (kernel - 1) * stride
    field.overhang += kernel / 2 * stride
    return field
  }

  /// Returns the field behind pooling of 2×2 with stride 2.
  package func pooled() -> ReceptiveField {
    var field = self
    field.size += stride
    field.stride *= 2
    return field
  }

  /// Returns the pixels that the neuron at `index` sees in a picture of `extent` pixels. Part of its field may lie
  /// outside.
  package func pixels(of index: Int, extent: Int) -> Range<Int> {
    let first = index * stride - overhang
    let upper = min(extent, max(0, first + size))
    return min(max(0, first), upper)..<upper
  }

  /// Returns ``pixels(of:extent:)``, widened so that a crop of these pixels gives the neuron the same value: pooling
  /// has the same blocks there, and its borders are those of the picture or lie outside of the neuron's field.
  package func alignedPixels(of index: Int, extent: Int) -> Range<Int> {
    let pixels = pixels(of: index, extent: extent)
    return pixels.lowerBound / stride * stride..<min(extent, (pixels.upperBound + stride - 1) / stride * stride)
  }
}
