import FFmpeg

/// Reads the luma or the alpha of frames of any format into masks. Frames may change their format. Not thread-safe.
package final class MaskReader {
  private var reader: FrameReader?
  private let picture = FloatPicture()
  private var samples: [UInt16] = []

  /// Creates a reader.
  package init() {}

  /// Fills `mask`, which gets the frame's size, with the luma of the signal, 0…1. Samples of OpenEXR count as they
  /// are, without the curve that pictures get.
  ///
  /// - Throws: `MediaError` if swscale cannot convert the format or memory is short.
  package func readLuma(_ frame: Frame, into mask: MaskPlane) throws {
    let format = frame.pixelFormat
    mask.resize(width: frame.width, height: frame.height)
    if frame.format.isSceneLinear { return readLight(frame, into: mask) }
    if format.hasIntegerSamples, !format.isRGB {
      let scale = SampleScale(frame.format, component: 0, isChroma: false)
      read(frame, component: 0, factor: 1 / (255 * scale.factor), offset: scale.offset, into: mask)
    } else {
      try read(frame)
      mask.readLuma(picture)
    }
  }

  /// Fills `mask`, which gets the frame's size, with the alpha of the frame, or with 1 if it has none.
  ///
  /// - Throws: `MediaError` if swscale cannot convert the format or memory is short.
  package func readAlpha(_ frame: Frame, into mask: MaskPlane) throws {
    mask.resize(width: frame.width, height: frame.height)
    if let component = frame.pixelFormat.alphaComponent, frame.pixelFormat.hasIntegerSamples {
      let maximum = Float((1 << frame.pixelFormat.bitDepth(of: component)) - 1)
      read(frame, component: component, factor: 1 / maximum, offset: 0, into: mask)
    } else {
      try read(frame)
      mask.readAlpha(picture)
    }
  }

  private func read(_ frame: Frame) throws {
    if reader?.format != frame.format { reader = try FrameReader(frame.format) }
    try reader?.read(frame, into: picture)
  }

  private func read(_ frame: Frame, component: Int, factor: Float, offset: Float, into mask: MaskPlane) {
    let width = frame.width
    if samples.count < width { samples = Array(repeating: 0, count: width) }
    samples.withUnsafeMutableBufferPointer { buffer in
      guard let samples = buffer.baseAddress else { return }
      for y in 0..<frame.height {
        frame.readSamples(component: component, row: y, count: width, into: samples)
        let target = mask.values + y * width
        for x in 0..<width { target[x] = min(1, max(0, (Float(samples[x]) - offset) * factor)) }
      }
    }
  }

  private func readLight(_ frame: Frame, into mask: MaskPlane) {
    let isGray = frame.pixelFormat.isGray
    let matrix = LumaMatrix(frame.format)
    for y in 0..<frame.height {
      guard let red = frame.floats(component: 0, row: y), let green = frame.floats(component: isGray ? 0 : 1, row: y),
        let blue = frame.floats(component: isGray ? 0 : 2, row: y)
      else { continue }
      let target = mask.values + y * frame.width
      for x in 0..<frame.width {
        let light = matrix.red * red[x] + matrix.green * green[x] + matrix.blue * blue[x]
        // The comparison is false for NaN.
        target[x] = light > 0 ? min(1, light) : 0
      }
    }
  }
}

extension MaskPlane {
  /// Fills the plane, which gets the picture's size, with the luma of `picture`, 0…1, with the weights of BT.709.
  package func readLuma(_ picture: FloatPicture) {
    resize(width: picture.width, height: picture.height)
    for index in 0..<count {
      let pixel = picture.colours + 3 * index
      let luma = (0.2126 * pixel[0] + 0.7152 * pixel[1] + 0.0722 * pixel[2]) / 255
      values[index] = min(1, max(0, luma))
    }
  }

  /// Fills the plane, which gets the picture's size, with the alpha of `picture`, or with 1 if it is opaque.
  package func readAlpha(_ picture: FloatPicture) {
    resize(width: picture.width, height: picture.height)
    guard let alpha = picture.alpha else { return values.update(repeating: 1, count: count) }
    values.update(from: alpha, count: count)
  }
}

/// Resizes masks by bicubic interpolation, and keeps the weights from frame to frame. See
/// ``Picture/resized(width:height:filter:pool:)``.
package struct MaskResizer {
  private var across: ResamplingWeights?
  private var down: ResamplingWeights?
  private var sizes = [0, 0, 0, 0]

  /// Creates a resizer.
  package init() {}

  /// Resizes `source` to the size of `target`. Weights may exceed 1 by a little, see ``MaskPlane/finish()``.
  package mutating func resize(_ source: MaskPlane, into target: MaskPlane) {
    if source.width == target.width, source.height == target.height {
      return target.values.update(from: source.values, count: source.count)
    }
    let wanted = [source.width, source.height, target.width, target.height]
    if sizes != wanted {
      across = ResamplingWeights(sourceLength: source.width, length: target.width, filter: .bicubic)
      down = ResamplingWeights(sourceLength: source.height, length: target.height, filter: .bicubic)
      sizes = wanted
    }
    guard let across, let down else { return }
    resample(
      UnsafePointer(source.values), rowLength: source.width, channels: 1, across: across, down: down,
      into: target.values, pool: nil)
  }
}
