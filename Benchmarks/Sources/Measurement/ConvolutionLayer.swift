import Inference
import Kernels
import Networks

/// A convolution that an engine computes for a network, and the layers that have it.
public struct ConvolutionLayer: Sendable {
  /// The dimensions, including nearest upsampling before the convolution.
  public let geometry: ConvolutionGeometry
  /// The names of the layers.
  public private(set) var names: [String]
  /// The engine's kernel; nil for the layers of a revision, which is a separate pass.
  public let kernel: LayerKernel?

  /// Returns the convolutions in the plan of `definition` for pictures of `width` × `height`.
  ///
  /// Layers with equal dimensions and kernels are grouped, in the order of the network. Layers of a draft have the
  /// dimensions of the canvas, those of a revision half those of the picture.
  ///
  /// - Throws: `ModelError` or `InferenceError` as an engine does, and ``UnknownKernel`` for a kernel that the
  ///   benchmarks do not know.
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

  /// The engine uses a kernel that the benchmarks do not know.
  public struct UnknownKernel: Error, CustomStringConvertible {
    let name: String

    /// One sentence.
    public var description: String {
      "there is no benchmark of the kernel '\(name)'; expected one of \(LayerKernel.allCases)"
    }
  }

  /// The kernels that compute the same layer, starting with the reference.
  public var candidates: [LayerKernel] {
    LayerKernel.allCases.filter { $0.kind == kind && $0.supports(geometry) }
  }

  private var kind: LayerKernel.Kind { kernel?.kind ?? .dense }

  /// The number of operations of direct convolution, two for each multiply-add.
  public var operations: Double { 2 * Double(geometry.batch * geometry.outputPixels * weightCount) }

  /// The minimum number of bytes moved: input, output and weight once each.
  public var minimumBytes: Double {
    let (pixels, outputs) = (geometry.height * geometry.width, geometry.outputPixels * geometry.outputChannels)
    return 4 * Double(geometry.batch * (pixels * geometry.inputChannels + outputs) + weightCount)
  }

  /// The number of values in the weight, and of products per pixel of the output.
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
  /// A short form of kernel, stride, channels and output size: `3×3 128→64 320×180 ↑2`, `3×3/2 32→64 320×180`.
  public var text: String {
    "\(kernel)×\(kernel)\(stride == 1 ? "" : "/\(stride)") \(inputChannels)→\(outputChannels) \(outputWidth)×\(outputHeight)"
      + (upsampling == 1 ? "" : " ↑\(upsampling)")
  }
}
