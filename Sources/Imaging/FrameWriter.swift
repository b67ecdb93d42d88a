import FFmpeg

/// Writes float pictures into frames of any format with integer samples, blended with the original samples.
///
/// Chroma is averaged at its position. The blend is computed on the samples of the format and rounded once. So a
/// strength of 0 gives back the original's samples. Frames of scene-linear light take the values of ``SceneLight``, in
/// which they are blended. A writer is for frames of one format and is not thread-safe.
package final class FrameWriter {
  /// How to blend a picture with the original.
  package struct Blend {
    /// The frame to blend with, in the format of the writer.
    package var original: Frame
    /// The share of the picture, from 0 to 1.
    package var strength: Float
    /// Whether only the brightness comes from the picture.
    package var preservesColors: Bool
    /// The strength of each pixel, by which ``strength`` is multiplied; nil for 1 everywhere.
    package var mask: MaskRows?

    /// Creates a blend.
    package init(original: Frame, strength: Float, preservesColors: Bool, mask: MaskRows? = nil) {
      self.original = original
      self.strength = strength
      self.preservesColors = preservesColors
      self.mask = mask
    }
  }

  /// The format of the frames.
  package let format: VideoFormat
  /// Writes scene-linear light; nil for other formats.
  private let scene: SceneSamples?
  private let dithering: Dithering
  private let matrix: LumaMatrix
  private let columns: ChromaAxis
  private let rows: ChromaAxis
  private let chroma: (width: Int, height: Int)
  /// A row of samples, and a row of original samples.
  private let samples: UnsafeMutablePointer<UInt16>
  private let originals: UnsafeMutablePointer<UInt16>
  /// Four rows of values.
  private let values: UnsafeMutablePointer<Float>
  /// The masks of the samples. Only blends with a mask need it.
  private lazy var sampling = MaskSampling(format)

  /// Creates a writer for frames of `format`, which has integer samples or scene-linear light.
  ///
  /// - Parameter depth: The bits of the source's samples. If the format has fewer, values are dithered.
  /// - Throws: `MediaError` if the format's samples are indices, or floats that are not scene-linear.
  package init(_ format: VideoFormat, depth: Int) throws {
    scene = SceneSamples(format)
    guard scene != nil || format.pixelFormat.hasIntegerSamples else {
      throw MediaError(
        operation: "write a frame", file: nil,
        message: "\(format.pixelFormat) is not a format of integer samples, expected one such as yuv420p10le")
    }
    self.format = format
    dithering = Dithering(isOn: format.pixelFormat.bitDepth < depth)
    matrix = LumaMatrix(format)
    (columns, rows) = format.chromaAxes
    chroma = format.pixelFormat.extents(of: 1, width: format.width, height: format.height)
    samples = .allocate(capacity: 2 * format.width)
    samples.initialize(repeating: 0, count: 2 * format.width)
    originals = samples + format.width
    values = .allocate(capacity: 4 * format.width)
    values.initialize(repeating: 0, count: 4 * format.width)
  }

  deinit {
    samples.deallocate()
    values.deallocate()
  }

  /// Writes `picture`, which has the size of the format, into `frame`, whose planes must not be shared.
  ///
  /// - Parameters:
  ///   - blend: The original to blend with; nil for none.
  ///   - alpha: The frame in this writer's format whose alpha is copied; nil for the alpha of `picture`.
  package func write(_ picture: FloatPicture, blend: Blend?, alpha: Frame? = nil, into frame: Frame) {
    if let scene { return scene.write(picture, blend: blend, alpha: alpha, into: frame) }
    frame.clearSamples()
    for y in 0..<format.height {
      let pixels = UnsafePointer(picture.colours + 3 * y * format.width)
      if format.pixelFormat.isRGB {
        writeRGB(pixels, row: y, blend, into: frame)
      } else {
        for x in 0..<format.width { values[x] = luma(pixels + 3 * x) }
        write(values, component: 0, row: y, count: format.width, isChroma: false, blend, into: frame)
      }
    }
    if !format.pixelFormat.isRGB, !format.pixelFormat.isGray { writeChroma(picture, blend, into: frame) }
    if let component = format.pixelFormat.alphaComponent { writeAlpha(alpha, picture, component, into: frame) }
  }

  @inline(__always)
  private func luma(_ pixel: UnsafePointer<Float>) -> Float {
    matrix.red * pixel[0] + matrix.green * pixel[1] + matrix.blue * pixel[2]
  }

  private func writeRGB(_ pixels: UnsafePointer<Float>, row: Int, _ blend: Blend?, into frame: Frame) {
    let width = format.width
    let differences = values + 3 * width
    if let blend, blend.preservesColors {
      // If chroma stays the same, red, green and blue change by the same amount.
      for component in 0..<3 {
        let scale = SampleScale(format, component: component, isChroma: false)
        blend.original.readSamples(component: component, row: row, count: width, into: originals)
        for x in 0..<width { values[component * width + x] = (Float(originals[x]) - scale.offset) / scale.factor }
      }
      for x in 0..<width {
        let old = matrix.red * values[x] + matrix.green * values[width + x] + matrix.blue * values[2 * width + x]
        differences[x] = luma(pixels + 3 * x) - old
      }
    }
    for component in 0..<3 {
      let plane = values + component * width
      if let blend, blend.preservesColors {
        for x in 0..<width { plane[x] += differences[x] }
      } else {
        for x in 0..<width { plane[x] = pixels[3 * x + component] }
      }
      write(plane, component: component, row: row, count: width, isChroma: false, blend, into: frame)
    }
  }

  private func writeChroma(_ picture: FloatPicture, _ blend: Blend?, into frame: Frame) {
    let width = format.width
    let (u, v, row) = (values, values + width, values + 2 * width)
    for y in 0..<chroma.height {
      if let blend, blend.preservesColors {
        for component in 1...2 {
          blend.original.readSamples(component: component, row: y, count: chroma.width, into: samples)
          frame.writeSamples(component: component, row: y, count: chroma.width, from: samples)
        }
        continue
      }
      u.update(repeating: 0, count: 2 * width)
      for tap in 0..<rows.tapCount {
        let pixels = UnsafePointer(picture.colours + 3 * Int(rows.taps[y * rows.tapCount + tap]) * width)
        let blueWeight = rows.weights[tap] / matrix.blueOfU
        let redWeight = rows.weights[tap] / matrix.redOfV
        for x in 0..<width {
          let pixel = pixels + 3 * x
          let grey = luma(pixel)
          u[x] += blueWeight * (pixel[2] - grey)
          v[x] += redWeight * (pixel[0] - grey)
        }
      }
      for component in 1...2 {
        let source = component == 1 ? u : v
        columns.taps.withUnsafeBufferPointer { taps in
          for x in 0..<chroma.width {
            var sum: Float = 0
            for tap in 0..<columns.tapCount {
              sum += columns.weights[tap] * source[Int(taps[x * columns.tapCount + tap])]
            }
            row[x] = sum
          }
        }
        write(row, component: component, row: y, count: chroma.width, isChroma: true, blend, into: frame)
      }
    }
  }

  private func writeAlpha(_ source: Frame?, _ picture: FloatPicture, _ component: Int, into frame: Frame) {
    let maximum = Float((1 << format.pixelFormat.bitDepth(of: component)) - 1)
    samples.update(repeating: UInt16(maximum), count: format.width)
    for y in 0..<format.height {
      if let source {
        source.readSamples(component: component, row: y, count: format.width, into: samples)
      } else if let alpha = picture.alpha {
        let row = alpha + y * format.width
        for x in 0..<format.width { samples[x] = UInt16(min(1, max(0, row[x])) * maximum + 0.5) }
      }
      frame.writeSamples(component: component, row: y, count: format.width, from: samples)
    }
  }

  /// Writes a row of values of a component, blended and rounded.
  private func write(
    _ values: UnsafePointer<Float>, component: Int, row: Int, count: Int, isChroma: Bool, _ blend: Blend?,
    into frame: Frame
  ) {
    let scale = SampleScale(format, component: component, isChroma: isChroma)
    let (factor, offset, maximum) = (scale.factor, scale.offset, scale.maximum)
    dithering.withRow(row, component: component) { steps in
      if let blend, let mask = blend.mask {
        blend.original.readSamples(component: component, row: row, count: count, into: originals)
        let weights = sampling.weights(of: mask, row: row, isChroma: isChroma)
        for x in 0..<count {
          let old = Float(originals[x])
          let weight = weights[x] * blend.strength
          let value = old + (values[x] * factor + offset - old) * weight
          // The original's samples are whole: they are not dithered.
          samples[x] = UInt16(min(maximum, max(0, value + (weight > 0 ? steps[x & 7] : 0))) + 0.5)
        }
      } else if let blend {
        blend.original.readSamples(component: component, row: row, count: count, into: originals)
        for x in 0..<count {
          let old = Float(originals[x])
          let value = old + (values[x] * factor + offset - old) * blend.strength
          samples[x] = UInt16(min(maximum, max(0, value + steps[x & 7])) + 0.5)
        }
      } else {
        for x in 0..<count {
          let value = values[x] * factor + offset
          samples[x] = UInt16(min(maximum, max(0, value + steps[x & 7])) + 0.5)
        }
      }
    }
    frame.writeSamples(component: component, row: row, count: count, from: samples)
  }
}

/// Ordered dithering with a matrix of 8 × 8 thresholds (B. E. Bayer, 1973): whole values stay as they are.
private struct Dithering {
  /// Rows of 8 steps between −0.5 and 0.5, or zeros.
  private let steps: [Float]

  init(isOn: Bool) {
    steps = (0..<64).map { index in
      guard isOn else { return 0 }
      // Interleaves the bits of x ^ y and y, reversed.
      let (x, y) = (index % 8, index / 8)
      var threshold = 0
      for bit in 0..<3 { threshold |= ((((x ^ y) >> bit) & 1) << 1 | (y >> bit) & 1) << (2 * (2 - bit)) }
      return (Float(threshold) + 0.5) / 64 - 0.5
    }
  }

  /// Calls `body` with the 8 steps of a row. Components differ, so that grey is not dithered as grey.
  func withRow(_ row: Int, component: Int, _ body: (UnsafePointer<Float>) -> Void) {
    steps.withUnsafeBufferPointer { steps in
      guard let base = steps.baseAddress else { return }
      body(base + 8 * ((row + 3 * component) & 7))
    }
  }
}
