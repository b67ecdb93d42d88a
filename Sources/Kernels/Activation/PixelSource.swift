/// Eight channels of the pixels of an ``ActivationInput``. A type for each step, so that loops over pixels have no branches.
protocol PixelSource {
  /// The value at `offset` floats.
  func value(at offset: Int) -> Lanes
}

/// As it is stored.
struct StoredPixel: PixelSource {
  let values: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int) -> Lanes { load(values + offset) }
}

/// Scaled and shifted, as a norm does it. Both are read anew for each pixel: the transforms need all registers.
struct NormalizedPixel<Source: PixelSource>: PixelSource {
  let source: Source
  let scale: UnsafePointer<Float>
  let shift: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int) -> Lanes {
    load(shift).addingProduct(load(scale), source.value(at: offset))
  }
}

/// Behind ReLU.
struct RectifiedPixel<Source: PixelSource>: PixelSource {
  let source: Source

  @inline(__always)
  func value(at offset: Int) -> Lanes { rectified(source.value(at: offset)) }
}

/// With the residual.
struct SummedPixel<Source: PixelSource>: PixelSource {
  let source: Source
  let residual: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int) -> Lanes {
    source.value(at: offset) + load(residual + offset)
  }
}

/// Zero where the mask is not positive.
struct MaskedPixel<Source: PixelSource>: PixelSource {
  let source: Source
  let mask: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int) -> Lanes {
    Lanes.zero.replacing(with: source.value(at: offset), where: load(mask + offset) .> Lanes.zero)
  }
}

/// What is done with pixels that are read in a way that only ``ActivationInput/visit(channel:_:)`` knows.
protocol PixelVisitor {
  func visit(_ source: some PixelSource)
}

extension ActivationInput {
  /// Hands the way in which eight channels from `channel` on are read to `visitor`: one branch for a whole run of pixels.
  @inline(__always)
  func visit(channel: Int, _ visitor: some PixelVisitor) {
    @inline(__always)
    func add(to source: some PixelSource) {
      if let residual {
        visitor.visit(SummedPixel(source: source, residual: residual))
      } else {
        visitor.visit(source)
      }
    }
    @inline(__always)
    func rectify(_ source: some PixelSource) {
      if rectifies { add(to: RectifiedPixel(source: source)) } else { add(to: source) }
    }
    let stored = StoredPixel(values: values)
    if let mask {
      visitor.visit(MaskedPixel(source: stored, mask: mask))
    } else if let scale, let shift {
      rectify(NormalizedPixel(source: stored, scale: scale + channel, shift: shift + channel))
    } else {
      rectify(stored)
    }
  }
}
