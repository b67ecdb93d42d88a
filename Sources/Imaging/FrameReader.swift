import FFmpeg

/// Reads frames of any format into float pictures, with all bits of their samples.
///
/// Chroma is interpolated at its position. Colours are those of the signal, clamped to 0…255; the transfer
/// characteristic is not applied. Scene-linear light has the values of ``SceneLight`` instead, which may lie outside. A
/// reader is for frames of one format and is not thread-safe.
package final class FrameReader {
  /// The format of the frames.
  package let format: VideoFormat
  /// The format whose samples are read.
  private let readable: VideoFormat
  /// Reads scene-linear light; nil for other formats.
  private let scene: SceneSamples?
  /// Converts formats whose samples cannot be read, such as palettes.
  private let scaler: Scaler?
  private let converted: Frame?
  private let columns: ChromaAxis
  private let rows: ChromaAxis
  private let chroma: (width: Int, height: Int)
  /// A row of samples.
  private let samples: UnsafeMutablePointer<UInt16>
  /// Both chroma planes, and a row of each with one value beyond its end.
  private let scratch: UnsafeMutablePointer<Float>

  /// Creates a reader for frames of `format`.
  ///
  /// - Throws: `MediaError` if swscale cannot convert the format or memory is short.
  package init(_ format: VideoFormat) throws {
    self.format = format
    var readable = format
    scene = SceneSamples(format)
    if scene == nil, !format.pixelFormat.hasIntegerSamples {
      let name = format.pixelFormat.isPalette ? "rgba" : format.pixelFormat.hasAlpha ? "gbrap16le" : "gbrp16le"
      readable.pixelFormat = PixelFormat(named: name) ?? .rgb24
      readable.color = format.color(encodedAs: readable.pixelFormat)
      scaler = try Scaler(from: format, to: readable)
      converted = try Frame(readable)
    } else {
      (scaler, converted) = (nil, nil)
    }
    self.readable = readable
    let (width, height) = (format.width, format.height)
    chroma = readable.pixelFormat.extents(of: 1, width: width, height: height)
    (columns, rows) = readable.chromaAxes
    samples = .allocate(capacity: width)
    samples.initialize(repeating: 0, count: width)
    let count = 2 * chroma.width * chroma.height + 2 * (chroma.width + 1)
    scratch = .allocate(capacity: count)
    scratch.initialize(repeating: 0, count: count)
  }

  deinit {
    samples.deallocate()
    scratch.deallocate()
  }

  /// Reads `frame`, which has the format of this reader. `picture` gets its size, and alpha if the format has it.
  ///
  /// - Throws: `MediaError` if the frame has another format.
  package func read(_ frame: Frame, into picture: FloatPicture) throws {
    if let scene {
      guard frame.format == format else {
        throw MediaError(operation: "read a frame", file: nil, message: "it does not have the format of this reader")
      }
      return scene.read(frame, into: picture)
    }
    var frame = frame
    if let scaler, let converted {
      try scaler.scale(frame, into: converted)
      frame = converted
    }
    let alphaComponent = readable.pixelFormat.alphaComponent
    picture.resize(width: format.width, height: format.height, hasAlpha: alphaComponent != nil)
    if readable.pixelFormat.isRGB {
      for component in 0..<3 { readPlane(frame, component, into: picture.colours + component, step: 3) }
    } else if readable.pixelFormat.isGray {
      readPlane(frame, 0, into: picture.colours, step: 3)
      for index in 0..<picture.pixelCount {
        let pixel = picture.colours + 3 * index
        pixel[1] = pixel[0]
        pixel[2] = pixel[0]
      }
    } else {
      readYUV(frame, into: picture)
    }
    if let alphaComponent, let alpha = picture.alpha {
      let scale = 1 / Float((1 << readable.pixelFormat.bitDepth(of: alphaComponent)) - 1)
      for y in 0..<format.height {
        frame.readSamples(component: alphaComponent, row: y, count: format.width, into: samples)
        let target = alpha + y * format.width
        for x in 0..<format.width { target[x] = Float(samples[x]) * scale }
      }
    }
  }

  /// Reads a component of the picture's size.
  private func readPlane(_ frame: Frame, _ component: Int, into target: UnsafeMutablePointer<Float>, step: Int) {
    let scale = SampleScale(readable, component: component, isChroma: false)
    let (factor, offset) = (1 / scale.factor, -scale.offset / scale.factor)
    for y in 0..<format.height {
      frame.readSamples(component: component, row: y, count: format.width, into: samples)
      let row = target + y * format.width * step
      for x in 0..<format.width { row[x * step] = min(255, max(0, Float(samples[x]) * factor + offset)) }
    }
  }

  private func readYUV(_ frame: Frame, into picture: FloatPicture) {
    let plane = chroma.width * chroma.height
    for component in 1...2 {
      let scale = SampleScale(readable, component: component, isChroma: true)
      let (factor, offset) = (1 / scale.factor, -scale.offset / scale.factor)
      for y in 0..<chroma.height {
        frame.readSamples(component: component, row: y, count: chroma.width, into: samples)
        let row = scratch + (component - 1) * plane + y * chroma.width
        for x in 0..<chroma.width { row[x] = Float(samples[x]) * factor + offset }
      }
    }
    let matrix = LumaMatrix(readable)
    let (redOfV, blueOfU) = (matrix.redOfV, matrix.blueOfU)
    let (greenOfU, greenOfV) = (matrix.blue * blueOfU / matrix.green, matrix.red * redOfV / matrix.green)
    let scale = SampleScale(readable, component: 0, isChroma: false)
    let (factor, offset) = (1 / scale.factor, -scale.offset / scale.factor)
    let (u, v) = (scratch + 2 * plane, scratch + 2 * plane + chroma.width + 1)
    for y in 0..<format.height {
      interpolate(scratch, row: y, into: u)
      interpolate(scratch + plane, row: y, into: v)
      frame.readSamples(component: 0, row: y, count: format.width, into: samples)
      let target = picture.colours + 3 * y * format.width
      columns.lowers.withUnsafeBufferPointer { lowers in
        columns.fractions.withUnsafeBufferPointer { fractions in
          for x in 0..<format.width {
            let (lower, fraction) = (Int(lowers[x]), fractions[x])
            let luma = Float(samples[x]) * factor + offset
            let blueness = u[lower] + (u[lower + 1] - u[lower]) * fraction
            let redness = v[lower] + (v[lower + 1] - v[lower]) * fraction
            let pixel = target + 3 * x
            pixel[0] = min(255, max(0, luma + redOfV * redness))
            pixel[1] = min(255, max(0, luma - greenOfU * blueness - greenOfV * redness))
            pixel[2] = min(255, max(0, luma + blueOfU * blueness))
          }
        }
      }
    }
  }

  /// Interpolates the chroma of a row of luma between two rows. The value beyond the end repeats the last one.
  private func interpolate(_ plane: UnsafePointer<Float>, row: Int, into target: UnsafeMutablePointer<Float>) {
    let lower = Int(rows.lowers[row])
    let fraction = rows.fractions[row]
    let near = plane + lower * chroma.width
    let far = plane + min(lower + 1, chroma.height - 1) * chroma.width
    for x in 0..<chroma.width { target[x] = near[x] + (far[x] - near[x]) * fraction }
    target[chroma.width] = target[chroma.width - 1]
  }
}

extension VideoFormat {
  /// The chroma positions across and down.
  var chromaAxes: (columns: ChromaAxis, rows: ChromaAxis) {
    let isYUV = !pixelFormat.isRGB && !pixelFormat.isGray
    let shift = isYUV ? pixelFormat.chromaShift : (0, 0)
    let position = chromaPosition
    return (
      ChromaAxis(extent: width, shift: shift.0, position: Double(position.across) / 256),
      ChromaAxis(extent: height, shift: shift.1, position: Double(position.down) / 256)
    )
  }
}
