/// Eight channels of a pixel of an ``ActivationInput``. A type for each step, so that loops over pixels have no branches.
protocol PixelSource {
  /// The value at `offset` floats, its channels from `channel` on.
  func value(at offset: Int, channel: Int) -> Lanes
}

/// As it is stored.
struct StoredPixel: PixelSource {
  let values: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int, channel: Int) -> Lanes { load(values + offset) }
}

/// Scaled and shifted, as a norm does it.
struct NormalizedPixel<Source: PixelSource>: PixelSource {
  let source: Source
  let scale: UnsafePointer<Float>
  let shift: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int, channel: Int) -> Lanes {
    load(shift + channel).addingProduct(load(scale + channel), source.value(at: offset, channel: channel))
  }
}

/// Behind ReLU.
struct RectifiedPixel<Source: PixelSource>: PixelSource {
  let source: Source

  @inline(__always)
  func value(at offset: Int, channel: Int) -> Lanes { rectified(source.value(at: offset, channel: channel)) }
}

/// With the residual.
struct SummedPixel<Source: PixelSource>: PixelSource {
  let source: Source
  let residual: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int, channel: Int) -> Lanes {
    source.value(at: offset, channel: channel) + load(residual + offset)
  }
}

/// Zero where the mask is not positive.
struct MaskedPixel<Source: PixelSource>: PixelSource {
  let source: Source
  let mask: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int, channel: Int) -> Lanes {
    Lanes.zero.replacing(with: source.value(at: offset, channel: channel), where: load(mask + offset) .> Lanes.zero)
  }
}
