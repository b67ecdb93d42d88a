import Inference
import Kernels
import Networks

/// A convolution that an engine does for a network, and how often.
public struct ConvolutionLayer: Sendable {
  /// The extents, nearest upsampling in front of the convolution included.
  public let geometry: ConvolutionGeometry
  /// The names of the layers that have them.
  public private(set) var names: [String]
  /// The kernel that the engine takes; nil for the layers of a revision, which it computes in a pass of its own.
  public let kernel: LayerKernel?

  /// The convolutions of the plan of `definition` for pictures of `width` × `height`; those of equal extents and kernels together, in the
  /// order of the network. Layers of a draft have the extents of the canvas, those of a revision half the picture's.
  ///
  /// Throws `ModelError` or `InferenceError` where an engine would, and an ``UnknownKernel`` for a kernel that the benchmarks lack.
  public static func all(of definition: NetworkDefinition, height: Int, width: Int) throws -> [ConvolutionLayer] {
    var layers: [ConvolutionLayer] = []
    for planned in try PlannedConvolution.all(of: definition, width: width, height: height) {
      let kernel = try planned.algorithm.map { name in
        guard let kernel = LayerKernel(name) else { throw UnknownKernel(name: name) }
        return kernel
      }
      let (geometry, name) = (planned.geometry, planned.layers.joined(separator: " and "))
      if let same = layers.firstIndex(where: { $0.geometry.text == geometry.text && $0.kernel == kernel }) {
        layers[same].names.append(name)
      } else {
        layers.append(ConvolutionLayer(geometry: geometry, names: [name], kernel: kernel))
      }
    }
    return layers
  }

  /// A kernel of the engine that the benchmarks do not know.
  public struct UnknownKernel: Error, CustomStringConvertible {
    let name: String

    /// One sentence.
    public var description: String { "the benchmarks know no kernel '\(name)'; known are \(LayerKernel.allCases)" }
  }

  /// The kernels that compute the same, the yardstick of its kind first.
  public var candidates: [LayerKernel] {
    LayerKernel.allCases.filter { $0.kind == kind && $0.supports(geometry) }
  }

  private var kind: LayerKernel.Kind { kernel?.kind ?? .dense }

  /// Operations without any algorithm's savings, two for each multiply-add.
  public var operations: Double { 2 * Double(geometry.batch * geometry.outputPixels * weightCount) }

  /// Bytes that cannot be avoided: input, output and weight once each.
  public var leastBytes: Double {
    let (pixels, outputs) = (geometry.height * geometry.width, geometry.outputPixels * geometry.outputChannels)
    return 4 * Double(geometry.batch * (pixels * geometry.inputChannels + outputs) + weightCount)
  }

  /// Values of the weight, and products for each pixel of the output.
  private var weightCount: Int {
    let (inputs, taps) = (geometry.inputChannels, geometry.kernel * geometry.kernel)
    return switch kind {
    case .dense: inputs * taps * geometry.outputChannels
    case .depthwise: inputs * taps
    case .separable: inputs * (taps + geometry.outputChannels)
    }
  }
}

extension ConvolutionGeometry {
  /// Kernel, stride, channels and the output's size in short: `3×3 128→64 320×180 ↑2`, `3×3/2 32→64 320×180`.
  public var text: String {
    "\(kernel)×\(kernel)\(stride == 1 ? "" : "/\(stride)") \(inputChannels)→\(outputChannels) \(outputWidth)×\(outputHeight)"
      + (upsampling == 1 ? "" : " ↑\(upsampling)")
  }
}
