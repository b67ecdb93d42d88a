import FFmpeg

/// Reads frames of scene-linear light into float pictures, and writes them.
///
/// Values are those of ``SceneLight``. Colours in frames are premultiplied by alpha, as OpenEXR defines, and those of
/// pictures are not. Where alpha is 0 or NaN, a colour is light that is added, such as that of a flame: it is read as
/// it is, and not painted but taken from the original. The samples of alpha are copied.
struct SceneSamples {
  private let format: VideoFormat
  private let matrix: LumaMatrix
  private let isGray: Bool

  /// Creates an access to frames of `format`; nil if its samples are not scene-linear.
  init?(_ format: VideoFormat) {
    guard format.isSceneLinear else { return nil }
    self.format = format
    matrix = LumaMatrix(format)
    isGray = format.pixelFormat.isGray
  }

  /// The rows of a frame's components. Those of a grey frame are all the same.
  private struct Row {
    let colours: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
    let alpha: UnsafeMutablePointer<Float>?

    init?(_ frame: Frame, _ row: Int) {
      let format = frame.pixelFormat
      guard let red = frame.floats(component: 0, row: row),
        let green = frame.floats(component: format.isGray ? 0 : 1, row: row),
        let blue = frame.floats(component: format.isGray ? 0 : 2, row: row)
      else { return nil }
      colours = (red, green, blue)
      alpha = format.alphaComponent.flatMap { frame.floats(component: $0, row: row) }
    }

    /// The opacity of a pixel, with which colours are premultiplied: 0 for additive light, 1 without alpha.
    @inline(__always)
    func opacity(_ x: Int) -> Float {
      guard let alpha else { return 1 }
      let value = alpha[x]
      // The comparison is false for NaN.
      return value > 0 ? min(value, SceneLight.largest) : 0
    }

    /// The values of a pixel.
    @inline(__always)
    func values(_ x: Int) -> SIMD3<Float> {
      let opacity = opacity(x)
      let scale = opacity > 0 ? 1 / opacity : 1
      return SIMD3(
        SceneLight.value(ofLight: colours.0[x] * scale), SceneLight.value(ofLight: colours.1[x] * scale),
        SceneLight.value(ofLight: colours.2[x] * scale))
    }
  }

  /// Reads `frame` into `picture`, which gets its size, and alpha if the format has it. Values may lie outside of
  /// 0…255.
  func read(_ frame: Frame, into picture: FloatPicture) {
    picture.resize(
      width: format.width, height: format.height, hasAlpha: format.pixelFormat.alphaComponent != nil)
    for y in 0..<format.height {
      guard let row = Row(frame, y) else { continue }
      let target = picture.colours + 3 * y * format.width
      for x in 0..<format.width {
        let values = row.values(x)
        (target[3 * x], target[3 * x + 1], target[3 * x + 2]) = (values.x, values.y, values.z)
      }
      guard let alpha = picture.alpha else { continue }
      for x in 0..<format.width { alpha[y * format.width + x] = min(1, row.opacity(x)) }
    }
  }

  /// Writes `picture` into `frame`. See ``FrameWriter/write(_:blend:alpha:into:)``.
  func write(_ picture: FloatPicture, blend: FrameWriter.Blend?, alpha: Frame?, into frame: Frame) {
    for y in 0..<format.height {
      guard let target = Row(frame, y) else { continue }
      let original = blend.flatMap { Row($0.original, y) } ?? alpha.flatMap { Row($0, y) }
      writeAlpha(picture, row: y, alpha.flatMap { Row($0, y) }, into: target)
      if let original, let blend, blend.strength == 0 {
        copy(original, into: target)
      } else {
        write(picture.colours + 3 * y * format.width, blend, blend?.mask?.row(y), original, into: target)
      }
    }
  }

  private func writeAlpha(_ picture: FloatPicture, row: Int, _ source: Row?, into target: Row) {
    guard let alpha = target.alpha else { return }
    if let from = source?.alpha {
      alpha.update(from: from, count: format.width)
    } else if let from = picture.alpha {
      alpha.update(from: from + row * format.width, count: format.width)
    } else {
      alpha.update(repeating: 1, count: format.width)
    }
  }

  private func copy(_ source: Row, into target: Row) {
    target.colours.0.update(from: source.colours.0, count: format.width)
    target.colours.1.update(from: source.colours.1, count: format.width)
    target.colours.2.update(from: source.colours.2, count: format.width)
  }

  private func write(
    _ pixels: UnsafePointer<Float>, _ blend: FrameWriter.Blend?, _ mask: UnsafePointer<Float>?, _ original: Row?,
    into target: Row
  ) {
    for x in 0..<format.width {
      let opacity = target.opacity(x)
      // Samples that are not painted stay as they are, even if they are outside of what is painted.
      guard opacity > 0, mask.map({ $0[x] > 0 }) ?? true else {
        target.colours.0[x] = original?.colours.0[x] ?? 0
        target.colours.1[x] = original?.colours.1[x] ?? 0
        target.colours.2[x] = original?.colours.2[x] ?? 0
        continue
      }
      var values = SIMD3(pixels[3 * x], pixels[3 * x + 1], pixels[3 * x + 2])
      if let blend, let original {
        let old = original.values(x)
        // If chroma stays the same, red, green and blue change by the same amount.
        if blend.preservesColors { values = old + (luma(values) - luma(old)) }
        values = old + (values - old) * (blend.strength * (mask?[x] ?? 1))
      }
      var light = SIMD3(
        SceneLight.light(ofValue: values.x), SceneLight.light(ofValue: values.y), SceneLight.light(ofValue: values.z))
      // Grey is luminance. All three colours are the same samples then.
      if isGray { light = SIMD3(repeating: luma(light)) }
      target.colours.0[x] = light.x * opacity
      target.colours.1[x] = light.y * opacity
      target.colours.2[x] = light.z * opacity
    }
  }

  @inline(__always)
  private func luma(_ values: SIMD3<Float>) -> Float {
    matrix.red * values.x + matrix.green * values.y + matrix.blue * values.z
  }
}

extension Frame {
  /// Returns this frame's samples in `format`, exactly; nil if both are not scene-linear, or if sizes or alpha differ.
  ///
  /// The result is this frame itself if it has the pixel format. Grey samples become equal red, green and blue.
  package func exactSamples(in format: VideoFormat) throws -> Frame? {
    guard self.format.isSceneLinear, format.isSceneLinear, width == format.width, height == format.height,
      pixelFormat.hasAlpha == format.pixelFormat.hasAlpha
    else { return nil }
    if pixelFormat == format.pixelFormat { return self }
    guard pixelFormat.isGray, let samples = SceneSamples(format) else { return nil }
    let result = try Frame(format)
    samples.write(
      FloatPicture(), blend: .init(original: self, strength: 0, preservesColors: false), alpha: nil, into: result)
    return result
  }
}

extension FloatPicture {
  /// Limits the colours to 0…255. Networks know no others, and what they and interpolation add beyond would be far more
  /// light than they meant.
  package func limitColours() {
    for index in 0..<3 * pixelCount { colours[index] = min(255, max(0, colours[index])) }
  }
}
