/// The continuation of a convolution's input beyond the border.
public enum PaddingMode: String, Sendable, CaseIterable {
  /// Zeros.
  case zeros
  /// Reflection at the border pixel, which is not repeated: `c b | a b c | b a`.
  case reflect
  /// The border pixel repeated: `a a | a b c | c c`.
  case replicate
}

/// The dimensions of a two-dimensional convolution, and the map from its padded input to the stored one.
///
/// Input `[N, H, W, I]`, output `[N, Ho, Wo, O]`, where `Ho = (u·H + 2p − k) / s + 1` for kernel `k`, stride `s`,
/// padding `p` and nearest upsampling `u` before the convolution. With the maps, padding and upsampling need no copies:
/// row `y` of the padded input is stored row `rowMap[y]`, or zeros if that is negative.
public struct ConvolutionGeometry: Sendable {
  /// `N`, the number of images.
  public let batch: Int
  /// `H`, the height of the stored input.
  public let height: Int
  /// `W`, the width of the stored input.
  public let width: Int
  /// `I`, the number of input channels.
  public let inputChannels: Int
  /// `O`, the number of output channels.
  public let outputChannels: Int
  /// `k`, the side of the square kernel.
  public let kernel: Int
  /// `s`, the stride.
  public let stride: Int
  /// `p`, the padding on each side.
  public let padding: Int
  /// The content of the padding.
  public let paddingMode: PaddingMode
  /// `u`: 1, or 2 for nearest ×2 upsampling before the convolution.
  public let upsampling: Int
  /// `Ho`.
  public let outputHeight: Int
  /// `Wo`.
  public let outputWidth: Int
  /// The stored row of each row of the padded input, or −1 for zeros.
  let rowMap: [Int32]
  /// The stored column of each column of the padded input, or −1 for zeros.
  let columnMap: [Int32]
  /// With upsampling, the map of the stored input's rows with one surrounding row, with which the upsampled input
  /// continues; otherwise empty.
  private let rowMapBeforeUpsampling: [Int32]
  private let columnMapBeforeUpsampling: [Int32]

  /// Creates the geometry of a convolution. The padded input must be at least as large as the kernel.
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

  /// Creates the 3×3 convolution before the upsampling that is equivalent to `geometry`, a 3×3 convolution after
  /// nearest ×2 upsampling. It has `outputChannels` outputs. It reads the stored input and one surrounding pixel with
  /// which the upsampled input continues. Allocates nothing.
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

  /// The height of the padded (and upsampled) input.
  package var paddedHeight: Int { height * upsampling + 2 * padding }
  /// The width of the padded (and upsampled) input.
  package var paddedWidth: Int { width * upsampling + 2 * padding }
  /// `Ho·Wo`, the number of output pixels of an image.
  public var outputPixels: Int { outputHeight * outputWidth }
  /// `H·W·I`, the number of floats of a stored image.
  var inputImageCount: Int { height * width * inputChannels }
  /// `Ho·Wo·O`, the number of floats of an output image.
  var outputImageCount: Int { outputPixels * outputChannels }
  /// `k·k·I`, the number of products of an output.
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
      case .replicate:
        inside = max(0, min(position, virtual - 1))
      }
      return Int32(inside / upsampling)
    }
  }

  /// Returns the map of the stored positions and of the positions just beyond both ends of an upsampled map.
  private static func map(beforeUpsamplingOf map: [Int32], extent: Int) -> [Int32] {
    guard let first = map.first, let last = map.last else { return [] }
    return [first] + (0..<Int32(extent)) + [last]
  }

  /// Returns `position` reflected into `0..<extent`, repeatedly if needed, so that any padding fits any extent.
  static func reflected(_ position: Int, extent: Int) -> Int {
    guard extent > 1 else { return 0 }
    let period = 2 * (extent - 1)
    let phase = ((position % period) + period) % period
    return phase < extent ? phase : period - phase
  }
}
