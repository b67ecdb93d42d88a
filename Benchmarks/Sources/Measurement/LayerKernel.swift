import Kernels

/// A kernel that can compute a convolution of a network: the engine's own, and the yardstick.
public enum LayerKernel: Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// OpenBLAS on gathered patches, with whole pixels side by side in memory: what a plain implementation does.
  case im2col
  /// ``FusedPictureConvolution``: the first layer, from bytes.
  case fromPicture
  /// ``FusedConvolutionToPicture``: the last layer.
  case toPicture
  /// ``FusedConvolution``: between two activations.
  case fused(FusedAlgorithm)

  /// All of them, the yardstick first.
  public static let allCases: [LayerKernel] =
    [.im2col, .fromPicture, .toPicture] + FusedAlgorithm.allCases.map { .fused($0) }

  /// The kernel called `name`, or nil.
  public init?(_ name: String) {
    guard let kernel = Self.allCases.first(where: { $0.description == name }) else { return nil }
    self = kernel
  }

  /// As on the command line: `winograd6`, `fromPicture`.
  public var description: String {
    switch self {
    case .im2col: "im2col"
    case .fromPicture: "fromPicture"
    case .toPicture: "toPicture"
    case .fused(let algorithm): algorithm.rawValue
    }
  }

  /// Whether it computes a convolution of the extents of `geometry`, its channels filled up to whole vectors where they must be.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool {
    let geometry = stored(geometry)
    return switch self {
    case .im2col: ConvolutionAlgorithm.im2col.supports(geometry)
    case .fromPicture: PictureAlgorithm.direct.supports(geometry)
    case .toPicture: FusedConvolutionToPicture.supports(geometry)
    case .fused(let algorithm): algorithm.supports(geometry)
    }
  }

  /// `geometry` with the channels that it has in memory: those of activations in multiples of 8.
  func stored(_ geometry: ConvolutionGeometry) -> ConvolutionGeometry {
    func whole(_ channels: Int) -> Int { (channels + 7) / 8 * 8 }
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    return ConvolutionGeometry(
      batch: geometry.batch, height: geometry.height, width: geometry.width,
      inputChannels: self == .fromPicture || self == .im2col ? inputs : whole(inputs),
      outputChannels: self == .toPicture || self == .im2col ? outputs : whole(outputs), kernel: geometry.kernel,
      stride: geometry.stride, padding: geometry.padding, paddingMode: geometry.paddingMode,
      upsampling: geometry.upsampling)
  }

  /// The one that the engine takes: a network's first and last convolution are those with three channels.
  public static func preferred(for geometry: ConvolutionGeometry) -> LayerKernel {
    if LayerKernel.fromPicture.supports(geometry) { return .fromPicture }
    if LayerKernel.toPicture.supports(geometry) { return .toPicture }
    return .fused(.preferred(for: LayerKernel.fused(.direct).stored(geometry)))
  }
}
