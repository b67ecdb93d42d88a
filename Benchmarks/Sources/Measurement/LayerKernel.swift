import Kernels

/// A kernel that can compute a convolution of a network: one of the engine's, or the reference.
public enum LayerKernel: Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// OpenBLAS on gathered patches, in the layout `[H, W, C]`, as in a plain implementation.
  case im2col
  /// Between two activations.
  case fused(FusedAlgorithm)
  /// The first layer, from bytes.
  case fromPicture(PictureAlgorithm)
  /// The last layer, to a picture.
  case toPicture(ToPictureAlgorithm)
  /// A depthwise convolution.
  case depthwise(DepthwiseAlgorithm)
  /// A depthwise convolution followed by a 1×1 convolution.
  case separable(SeparableAlgorithm)

  /// The kind of convolution.
  public enum Kind: Sendable {
    /// Every output channel depends on every input channel.
    case dense
    /// As in ``LayerKernel/depthwise(_:)``.
    case depthwise
    /// As in ``LayerKernel/separable(_:)``.
    case separable
  }

  /// All kernels. The first of each kind is the reference for the others.
  public static let allCases: [LayerKernel] =
    [.im2col] + FusedAlgorithm.allCases.map { .fused($0) } + PictureAlgorithm.allCases.map { .fromPicture($0) }
    + ToPictureAlgorithm.allCases.map { .toPicture($0) }
    + [.depthwise(.general)] + DepthwiseAlgorithm.allCases.filter { $0 != .general }.map { .depthwise($0) }
    + SeparableAlgorithm.allCases.map { .separable($0) }

  /// Returns the kernel called `name`, or nil.
  public init?(_ name: String) {
    guard let kernel = Self.allCases.first(where: { $0.description == name }) else { return nil }
    self = kernel
  }

  /// The name in an engine's plan and on the command line: `winograd6`, `fromPicture-winograd`.
  public var description: String {
    switch self {
    case .im2col: "im2col"
    case .fused(let algorithm): algorithm.name
    case .fromPicture(let algorithm): algorithm.name
    case .toPicture(let algorithm): algorithm.name
    case .depthwise(let algorithm): algorithm.name
    case .separable(let algorithm): algorithm.name
    }
  }

  /// The kind of layers that it computes.
  public var kind: Kind {
    switch self {
    case .im2col, .fused, .fromPicture, .toPicture: .dense
    case .depthwise: .depthwise
    case .separable: .separable
    }
  }

  /// Whether the kernel supports a convolution of its kind with the dimensions of `geometry`, after rounding channels
  /// up where required.
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

  /// Returns `geometry` with the stored channels: for activations, multiples of 8.
  func stored(_ geometry: ConvolutionGeometry) -> ConvolutionGeometry {
    var (inputs, outputs) = (
      ActivationLayout.storedChannels(geometry.inputChannels), ActivationLayout.storedChannels(geometry.outputChannels)
    )
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
