/// How a convolution continues its input beyond the border.
public enum PaddingMode: String, Sendable, CaseIterable {
  /// With zeros.
  case zeros
  /// Mirrored at the border pixel, which is not repeated: `c b | a b c | b a`.
  case reflect
}

/// The extents of one two-dimensional convolution and the map from its padded input to the stored one.
///
/// Input `[N, H, W, I]`, output `[N, Ho, Wo, O]`, where `Ho = (u·H + 2p − k) / s + 1` for kernel `k`, stride `s`, padding `p`
/// and nearest upsampling `u` in front of the convolution. The maps make padding and upsampling free of copies: row `y` of the
/// padded input is stored row `rowMap[y]`, or zeros where that is negative.
public struct ConvolutionGeometry: Sendable {
  /// `N`, the number of images.
  public let batch: Int
  /// `H`, the stored input's height.
  public let height: Int
  /// `W`, the stored input's width.
  public let width: Int
  /// `I`, the input's channels.
  public let inputChannels: Int
  /// `O`, the output's channels.
  public let outputChannels: Int
  /// `k`, the side of the square kernel.
  public let kernel: Int
  /// `s`, the distance between the outputs' positions.
  public let stride: Int
  /// `p`, the padding on each side.
  public let padding: Int
  /// What the padding holds.
  public let paddingMode: PaddingMode
  /// `u`: 1, or 2 for nearest ×2 upsampling in front of the convolution.
  public let upsampling: Int
  /// `Ho`.
  public let outputHeight: Int
  /// `Wo`.
  public let outputWidth: Int
  /// For each row of the padded input the stored row, or −1 for zeros.
  let rowMap: [Int32]
  /// For each column of the padded input the stored column, or −1 for zeros.
  let columnMap: [Int32]
  /// Behind upsampling, the same for the stored input with one pixel around it: what the upsampled input continues with. Else empty.
  private let rowMapBeforeUpsampling: [Int32]
  private let columnMapBeforeUpsampling: [Int32]

  /// The geometry of a convolution; the padded input must be at least as large as the kernel.
  public init(
    batch: Int, height: Int, width: Int, inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int = 1,
    padding: Int, paddingMode: PaddingMode, upsampling: Int = 1
  ) {
    let paddedHeight = height * upsampling + 2 * padding
    let paddedWidth = width * upsampling + 2 * padding
    precondition(height > 0 && width > 0 && paddedHeight >= kernel && paddedWidth >= kernel, "kernel exceeds the input")
    self.batch = batch
    self.height = height
    self.width = width
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.paddingMode = paddingMode
    self.upsampling = upsampling
    outputHeight = (paddedHeight - kernel) / stride + 1
    outputWidth = (paddedWidth - kernel) / stride + 1
    rowMap = Self.map(extent: height, padding: padding, mode: paddingMode, upsampling: upsampling)
    columnMap = Self.map(extent: width, padding: padding, mode: paddingMode, upsampling: upsampling)
    rowMapBeforeUpsampling = upsampling == 1 ? [] : Self.map(beforeUpsamplingOf: rowMap, extent: height)
    columnMapBeforeUpsampling = upsampling == 1 ? [] : Self.map(beforeUpsamplingOf: columnMap, extent: width)
  }

  /// The 3×3 convolution in front of the upsampling that gives the same as `geometry`, nearest ×2 and 3×3, where its outputs are
  /// `outputChannels`: it reads the stored input and around it one pixel of what the upsampled input continues with. Allocates nothing.
  init(beforeUpsamplingOf geometry: ConvolutionGeometry, outputChannels: Int) {
    batch = geometry.batch
    height = geometry.height
    width = geometry.width
    inputChannels = geometry.inputChannels
    self.outputChannels = outputChannels
    (kernel, stride, padding, upsampling) = (3, 1, 1, 1)
    paddingMode = geometry.paddingMode
    (outputHeight, outputWidth) = (geometry.height, geometry.width)
    (rowMap, columnMap) = (geometry.rowMapBeforeUpsampling, geometry.columnMapBeforeUpsampling)
    (rowMapBeforeUpsampling, columnMapBeforeUpsampling) = ([], [])
  }

  /// The padded (and upsampled) input's height.
  public var paddedHeight: Int { height * upsampling + 2 * padding }
  /// The padded (and upsampled) input's width.
  public var paddedWidth: Int { width * upsampling + 2 * padding }
  /// `Ho·Wo`, the outputs' positions in one image.
  public var outputPixels: Int { outputHeight * outputWidth }
  /// `H·W·I`, the floats of one stored image.
  var inputImageCount: Int { height * width * inputChannels }
  /// `Ho·Wo·O`, the floats of one output image.
  var outputImageCount: Int { outputPixels * outputChannels }
  /// `k·k·I`, the products in one output.
  var patchCount: Int { kernel * kernel * inputChannels }

  private static func map(extent: Int, padding: Int, mode: PaddingMode, upsampling: Int) -> [Int32] {
    let virtual = extent * upsampling
    return (-padding..<virtual + padding).map { position in
      let inside: Int
      switch mode {
      case .zeros:
        guard position >= 0 && position < virtual else { return -1 }
        inside = position
      case .reflect:
        inside = reflected(position, extent: virtual)
      }
      return Int32(inside / upsampling)
    }
  }

  /// What lies beyond the ends of an upsampled map, around the stored positions.
  private static func map(beforeUpsamplingOf map: [Int32], extent: Int) -> [Int32] {
    guard let first = map.first, let last = map.last else { return [] }
    return [first] + (0..<Int32(extent)) + [last]
  }

  /// `position` mirrored into `0..<extent`, as often as needed, so that any padding fits any extent.
  static func reflected(_ position: Int, extent: Int) -> Int {
    guard extent > 1 else { return 0 }
    let period = 2 * (extent - 1)
    let phase = ((position % period) + period) % period
    return phase < extent ? phase : period - phase
  }
}
