import CFFmpeg

/// Access to single components of a frame, in any format with integer samples: planar, interleaved, of either byte
/// order.
extension Frame {
  /// Reads the first `count` samples of `row` of a component, which are right-aligned.
  ///
  /// The format must have ``PixelFormat/hasIntegerSamples``; the row and the samples must exist. The caller owns
  /// `samples`.
  package func readSamples(component: Int, row: Int, count: Int, into samples: UnsafeMutablePointer<UInt16>) {
    cffmpeg_read_samples(pointer, Int32(component), Int32(row), Int32(count), samples)
  }

  /// Prepares the frame for ``writeSamples(component:row:count:from:)``, which adds to bytes that components share.
  package func clearSamples() { cffmpeg_clear_samples(pointer) }

  /// Writes the first `count` samples of `row` of a component, after ``clearSamples()``. See
  /// ``readSamples(component:row:count:into:)``.
  package func writeSamples(component: Int, row: Int, count: Int, from samples: UnsafePointer<UInt16>) {
    cffmpeg_write_samples(pointer, Int32(component), Int32(row), Int32(count), samples)
  }
}

extension PixelFormat {
  /// The number of components, alpha included.
  package var componentCount: Int {
    guard let descriptor = av_pix_fmt_desc_get(libav) else { return 0 }
    return Int(descriptor.pointee.nb_components)
  }

  /// The index of the alpha component; nil if there is none.
  package var alphaComponent: Int? { hasAlpha && !isPalette ? componentCount - 1 : nil }

  /// The bit depth of a component.
  package func bitDepth(of component: Int) -> Int {
    guard let descriptor = av_pix_fmt_desc_get(libav) else { return 0 }
    let components = descriptor.pointee.comp
    return Int([components.0, components.1, components.2, components.3][component].depth)
  }

  /// The number of samples of a component in a picture of `width` × `height`.
  package func extents(of component: Int, width: Int, height: Int) -> (width: Int, height: Int) {
    let isChroma = !isRGB && !isGray && (component == 1 || component == 2)
    guard isChroma else { return (width, height) }
    let shift = chromaShift
    return (-(-width >> shift.horizontal), -(-height >> shift.vertical))
  }

  /// Whether the samples are grey, YUV or RGB values, each an integer of at most 16 bits.
  package var hasIntegerSamples: Bool {
    guard let descriptor = av_pix_fmt_desc_get(libav) else { return false }
    let excluded = [
      AV_PIX_FMT_FLAG_PAL, AV_PIX_FMT_FLAG_HWACCEL, AV_PIX_FMT_FLAG_FLOAT, AV_PIX_FMT_FLAG_BAYER,
      AV_PIX_FMT_FLAG_BITSTREAM,
    ]
    return excluded.allSatisfy { descriptor.pointee.flags & UInt64($0) == 0 } && !name.hasPrefix("xyz")
      && (0..<componentCount).allSatisfy { (1...16).contains(bitDepth(of: $0)) }
  }

  /// Whether each component has a plane.
  package var isPlanar: Bool {
    guard let descriptor = av_pix_fmt_desc_get(libav) else { return false }
    return descriptor.pointee.flags & UInt64(AV_PIX_FMT_FLAG_PLANAR) != 0
  }

  /// Whether each component has a plane of its own.
  package var hasPlaneForEachComponent: Bool {
    (isPlanar || componentCount == 1) && Set((0..<componentCount).compactMap { plane(of: $0) }).count == componentCount
  }

  /// The format with the same samples but without alpha; nil if there is none, or if the samples are not integers.
  package var withoutAlpha: PixelFormat? {
    guard let alphaComponent, hasIntegerSamples else { return nil }
    var descriptor: UnsafePointer<AVPixFmtDescriptor>?
    while let next = av_pix_fmt_desc_next(descriptor) {
      descriptor = next
      let other = PixelFormat(av_pix_fmt_desc_get_id(next))
      let hasSameSamples =
        !other.hasAlpha && !other.isFullRangeByName && other.componentCount == alphaComponent
        && other.hasIntegerSamples && other.isRGB == isRGB && other.isGray == isGray
        && other.isBigEndian == isBigEndian && other.isPlanar == isPlanar && other.chromaShift == chromaShift
        && (0..<alphaComponent).allSatisfy { other.bitDepth(of: $0) == bitDepth(of: $0) }
      if hasSameSamples { return other }
    }
    return nil
  }

  private var isBigEndian: Bool {
    guard let descriptor = av_pix_fmt_desc_get(libav) else { return false }
    return descriptor.pointee.flags & UInt64(AV_PIX_FMT_FLAG_BE) != 0
  }

  /// Whether pictures need more than 8 bits per sample.
  package var isDeep: Bool { !isPalette && bitDepth > 8 }
}

extension Frame {
  /// Whether no pixel is transparent. Formats without alpha are opaque.
  package var isOpaque: Bool {
    let format = pixelFormat
    if format.isPalette {
      guard let palette = plane(1) else { return true }
      // Colours of four bytes in the order of the machine: alpha comes last on little-endian machines.
      return (0..<256).allSatisfy { palette[4 * $0 + 3] == 255 }
    }
    if format.hasFloatSamples { return isOpaqueInFloats }
    guard let component = format.alphaComponent, format.hasIntegerSamples else { return !format.hasAlpha }
    let opaque = UInt16((1 << format.bitDepth(of: component)) - 1)
    return withUnsafeTemporaryAllocation(of: UInt16.self, capacity: max(1, width)) { samples in
      guard let base = samples.baseAddress else { return true }
      samples.initialize(repeating: 0)
      return (0..<height).allSatisfy { row in
        readSamples(component: component, row: row, count: width, into: base)
        return samples.allSatisfy { $0 == opaque }
      }
    }
  }
}

/// A colour by name.
package struct PixelColor {
  /// The components, from 0 to 255.
  package let (red, green, blue): (UInt8, UInt8, UInt8)

  /// Parses FFmpeg's notation of colours: `white`, `#ff8000`, `0xff8000`; nil if it is none, or a random one.
  package init?(_ text: String) {
    var bytes: [UInt8] = [0, 0, 0, 0]
    let name = text.prefix { $0 != "@" }.lowercased()
    // libav would read only up to a zero byte.
    guard !name.isEmpty, !text.utf8.contains(0), name != "random", name != "bikeshed",
      av_parse_color(&bytes, text, -1, nil) >= 0
    else { return nil }
    (red, green, blue) = (bytes[0], bytes[1], bytes[2])
  }
}
