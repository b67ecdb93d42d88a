import FFmpeg

/// The linear relation between the samples of one component and values: RGB, luma from 0 to 255 and chroma from −127.5
/// to 127.5 (ITU-T H.273, equations 20 to 32).
struct SampleScale {
  /// The samples per unit.
  let factor: Float
  /// The sample of value 0.
  let offset: Float
  /// The largest sample.
  let maximum: Float

  /// Creates the scale of a colour component of `format`. `isChroma` selects U and V.
  init(_ format: VideoFormat, component: Int, isChroma: Bool) {
    let depth = format.pixelFormat.bitDepth(of: component)
    let unit = Float(1 << depth) / 256
    maximum = Float((1 << depth) - 1)
    if format.isFullRange {
      factor = maximum / 255
      offset = isChroma ? Float(1 << (depth - 1)) : 0
    } else {
      factor = (isChroma ? 224 : 219) * unit / 255
      offset = (isChroma ? 128 : 16) * unit
    }
  }
}

/// The conversion between RGB and YUV or grey, with the weights of ITU-T H.273.
struct LumaMatrix {
  let red: Float
  let green: Float
  let blue: Float
  /// What one unit of V adds to red.
  var redOfV: Float { 2 * (1 - red) }
  /// What one unit of U adds to blue.
  var blueOfU: Float { 2 * (1 - blue) }

  init(_ format: VideoFormat) {
    let weights = format.lumaWeights
    (red, blue) = (Float(weights.red), Float(weights.blue))
    green = 1 - red - blue
  }
}
