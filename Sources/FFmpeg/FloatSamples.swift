import CFFmpeg

/// Access to float samples, which OpenEXR has: a plane for each component.
extension Frame {
  /// Returns the samples of `row` of a component; nil if there is no such plane. Valid as long as the frame holds this
  /// picture.
  ///
  /// The format must have ``PixelFormat/hasFloatSamples``, and the row must exist.
  package func floats(component: Int, row: Int) -> UnsafeMutablePointer<Float>? {
    guard let place = pixelFormat.plane(of: component), let base = plane(place) else { return nil }
    return UnsafeMutableRawPointer(base + row * stride(place)).assumingMemoryBound(to: Float.self)
  }

  /// Whether a frame with float samples is opaque everywhere.
  var isOpaqueInFloats: Bool {
    guard let component = pixelFormat.alphaComponent else { return true }
    return (0..<height).allSatisfy { row in
      guard let alpha = floats(component: component, row: row) else { return true }
      return (0..<width).allSatisfy { alpha[$0] == 1 }
    }
  }
}

extension PixelFormat {
  /// Whether the samples are 32-bit floats in the machine's byte order, with a plane for each component.
  package var hasFloatSamples: Bool {
    guard let descriptor = av_pix_fmt_desc_get(libav) else { return false }
    let flags = descriptor.pointee.flags
    return flags & UInt64(AV_PIX_FMT_FLAG_FLOAT) != 0 && flags & UInt64(AV_PIX_FMT_FLAG_BE) == 0
      && (isPlanar || componentCount == 1) && (0..<componentCount).allSatisfy { bitDepth(of: $0) == 32 }
  }

  /// Returns the plane of a component; nil if there is no such component.
  func plane(of component: Int) -> Int? {
    guard let descriptor = av_pix_fmt_desc_get(libav), component < componentCount else { return nil }
    let components = descriptor.pointee.comp
    return Int([components.0, components.1, components.2, components.3][component].plane)
  }
}

extension VideoFormat {
  /// Whether the samples are scene-linear light, as those of OpenEXR are: floats without another transfer
  /// characteristic.
  package var isSceneLinear: Bool {
    pixelFormat.hasFloatSamples && [AVCOL_TRC_UNSPECIFIED, AVCOL_TRC_LINEAR].contains(color.transfer)
  }
}

extension ColorDescription {
  /// Scene-linear light with the primaries of sRGB.
  package static let sceneLinear = ColorDescription(
    range: AVCOL_RANGE_JPEG, primaries: AVCOL_PRI_BT709, transfer: AVCOL_TRC_LINEAR, matrix: AVCOL_SPC_RGB,
    chromaLocation: AVCHROMA_LOC_UNSPECIFIED)
}

extension VideoFormat {
  /// Returns the colour tags for painted frames of this format in `pixelFormat`: those of ``color(encodedAs:)``, unless
  /// only one of both is scene-linear. Light becomes sRGB, and floats are always light.
  package func paintedColor(as pixelFormat: PixelFormat) -> ColorDescription {
    var result = self
    if pixelFormat.hasFloatSamples {
      result.color = .sceneLinear
    } else if isSceneLinear {
      result.color = .sRGB
    } else {
      return color(encodedAs: pixelFormat)
    }
    if color.primaries != AVCOL_PRI_UNSPECIFIED { result.color.primaries = color.primaries }
    return result.color(encodedAs: pixelFormat)
  }
}
