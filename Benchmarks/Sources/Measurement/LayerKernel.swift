import Kernels

/// A kernel that can compute a convolution of a network: the engine's own, and the yardstick.
public enum LayerKernel: Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// OpenBLAS on gathered patches, with whole pixels side by side in memory: what a plain implementation does.
  case im2col
  /// Between two activations.
  case fused(FusedAlgorithm)
  /// The first layer, from bytes.
  case fromPicture(PictureAlgorithm)
  /// The last layer.
  case toPicture(ToPictureAlgorithm)
  /// Each channel with a kernel of its own.
  case depthwise(DepthwiseAlgorithm)
  /// A depthwise convolution and the 1×1 convolution behind it.
  case separable(SeparableAlgorithm)

  /// What the layers are.
  public enum Kind: Sendable {
    /// Every output reads every input channel.
    case dense
    /// As ``LayerKernel/depthwise(_:)``.
    case depthwise
    /// As ``LayerKernel/separable(_:)``.
    case separable
  }

  /// All of them, the yardsticks first.
  public static let allCases: [LayerKernel] =
    [.im2col] + FusedAlgorithm.allCases.map { .fused($0) } + PictureAlgorithm.allCases.map { .fromPicture($0) }
    + ToPictureAlgorithm.allCases.map { .toPicture($0) } + DepthwiseAlgorithm.allCases.reversed().map { .depthwise($0) }
    + SeparableAlgorithm.allCases.map { .separable($0) }

  /// The kernel called `name`, or nil.
  public init?(_ name: String) {
    guard let kernel = Self.allCases.first(where: { $0.description == name }) else { return nil }
    self = kernel
  }

  /// As an engine's plan names it and as on the command line: `winograd6`, `fromPicture-winograd`.
  public var description: String {
    switch self {
    case .im2col: "im2col"
    case .fused(let algorithm): algorithm.rawValue
    case .fromPicture(let algorithm): "fromPicture-\(algorithm)"
    case .toPicture(let algorithm): "toPicture-\(algorithm)"
    case .depthwise(let algorithm): "depthwise-\(algorithm)"
    case .separable(let algorithm): algorithm.rawValue
    }
  }

  /// What layers it computes.
  public var kind: Kind {
    switch self {
    case .im2col, .fused, .fromPicture, .toPicture: .dense
    case .depthwise: .depthwise
    case .separable: .separable
    }
  }

  /// Whether it computes a convolution of its kind of the extents of `geometry`, its channels filled up to whole vectors where they must be.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool {
    let geometry = stored(geometry)
    return switch self {
    case .im2col: ConvolutionAlgorithm.im2col.supports(geometry)
    case .fused(let algorithm): algorithm.supports(geometry)
    case .fromPicture(let algorithm): algorithm.supports(geometry)
    case .toPicture(let algorithm): algorithm.supports(geometry)
    case .depthwise(let algorithm): algorithm.supports(geometry)
    case .separable(let algorithm): algorithm.supports(geometry)
    }
  }

  /// `geometry` with the channels that it has in memory: those of activations in multiples of 8.
  func stored(_ geometry: ConvolutionGeometry) -> ConvolutionGeometry {
    func whole(_ channels: Int) -> Int { (channels + 7) / 8 * 8 }
    var (inputs, outputs) = (whole(geometry.inputChannels), whole(geometry.outputChannels))
    switch self {
    case .im2col: (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    case .fromPicture: inputs = geometry.inputChannels
    case .toPicture: outputs = geometry.outputChannels
    case .fused, .depthwise, .separable: break
    }
    return ConvolutionGeometry(
      batch: geometry.batch, height: geometry.height, width: geometry.width, inputChannels: inputs,
      outputChannels: outputs, kernel: geometry.kernel, stride: geometry.stride, padding: geometry.padding,
      paddingMode: geometry.paddingMode, upsampling: geometry.upsampling)
  }
}
