/// Eight channels of the pixels of an ``ActivationInput``. Each operation is its own type, so that loops over pixels
/// have no branches.
protocol PixelSource {
  /// Returns the value at `offset` floats.
  func value(at offset: Int) -> Lanes
}

/// The stored value.
struct StoredPixel: PixelSource {
  let values: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int) -> Lanes { load(values + offset) }
}

/// The value after scale and shift of the norm. Both are reloaded for each pixel because the transforms need all
/// registers.
struct NormalizedPixel<Source: PixelSource>: PixelSource {
  let source: Source
  let scale: UnsafePointer<Float>
  let shift: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int) -> Lanes {
    load(shift).addingProduct(load(scale), source.value(at: offset))
  }
}

/// The value after ReLU.
struct RectifiedPixel<Source: PixelSource>: PixelSource {
  let source: Source

  @inline(__always)
  func value(at offset: Int) -> Lanes { rectified(source.value(at: offset)) }
}

/// The value plus the residual.
struct SummedPixel<Source: PixelSource>: PixelSource {
  let source: Source
  let residual: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int) -> Lanes {
    source.value(at: offset) + load(residual + offset)
  }
}

/// The value, or zero where the mask is not positive.
struct MaskedPixel<Source: PixelSource>: PixelSource {
  let source: Source
  let mask: UnsafePointer<Float>

  @inline(__always)
  func value(at offset: Int) -> Lanes {
    Lanes.zero.replacing(with: source.value(at: offset), where: load(mask + offset) .> Lanes.zero)
  }
}

/// An operation on pixels whose ``PixelSource`` only ``ActivationInput/visit(channel:_:)`` knows.
protocol PixelVisitor {
  func visit(_ source: some PixelSource)
}

extension ActivationInput {
  /// Calls `visitor` with the source of eight channels from `channel`: one branch for a whole run of pixels.
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
      if appliesReLU { add(to: RectifiedPixel(source: source)) } else { add(to: source) }
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
