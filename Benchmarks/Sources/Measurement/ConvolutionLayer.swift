import Kernels
import Networks

/// A convolution that a network does, and how often.
public struct ConvolutionLayer: Sendable {
  /// The extents, nearest upsampling in front of the convolution included.
  public let geometry: ConvolutionGeometry
  /// The names of the layers that have them.
  public internal(set) var names: [String]
  /// Whether it is one of a revision, which the engine computes in a pass of its own and not by a kernel for this layer alone.
  public var isRevision = false

  /// The convolutions of `definition` for one picture of `height` × `width`, multiples of its `sizeMultiple` where it has no canvas; those of
  /// equal extents together, in the order of the network. Layers of a draft have the extents of the canvas, those of a revision half the
  /// picture's.
  public static func all(of definition: NetworkDefinition, height: Int, width: Int) -> [ConvolutionLayer] {
    var extents: [(height: Int, width: Int)] = []
    var layers: [ConvolutionLayer] = []
    for node in definition.nodes {
      var extent = node.inputs.first.map { extents[$0] } ?? (height: height, width: width)
      switch node.operation {
      case .convolution(let inputChannels, let outputChannels, let kernel, let stride, let padding):
        // The engine reads the small map and never stores the large one.
        let isUpsampled = node.inputs.first.map { definition.nodes[$0].operation == .upsampleNearest } ?? false
        let upsampling = isUpsampled ? 2 : 1
        let geometry = ConvolutionGeometry(
          batch: 1, height: extent.height / upsampling, width: extent.width / upsampling, inputChannels: inputChannels,
          outputChannels: outputChannels, kernel: kernel, stride: stride, padding: kernel / 2,
          paddingMode: padding == .reflect ? .reflect : .zeros, upsampling: upsampling)
        extent = (geometry.outputHeight, geometry.outputWidth)
        if let same = layers.firstIndex(where: { $0.geometry.text == geometry.text }) {
          layers[same].names.append(node.name)
        } else {
          layers.append(ConvolutionLayer(geometry: geometry, names: [node.name]))
        }
      case .upsampleNearest: extent = (extent.height * 2, extent.width * 2)
      case .depthwiseConvolution(_, _, let stride, _):
        extent = ((extent.height + stride - 1) / stride, (extent.width + stride - 1) / stride)
      case .pixelUnshuffle(let factor): extent = (extent.height / factor, extent.width / factor)
      case .pixelShuffle(let factor): extent = (extent.height * factor, extent.width * factor)
      case .canvas: extent = definition.canvasExtents(height: extent.height, width: extent.width)
      case .revision(let channels): layers += revision(node.name, channels: channels, height: height, width: width)
      case .input, .instanceNorm, .batchNorm, .relu, .add, .affine, .scaledTanh: break
      }
      extents.append(extent)
    }
    return layers
  }

  /// The two convolutions of a revision on the blocks of 2×2 pixels of a picture of `height` × `width`; none where it is plain enlargement.
  private static func revision(_ name: String, channels: Int, height: Int, width: Int) -> [ConvolutionLayer] {
    guard channels > 0 else { return [] }
    return [("conv1", 8, channels), ("conv2", channels, 12)].map { layer, inputChannels, outputChannels in
      let geometry = ConvolutionGeometry(
        batch: 1, height: (height + 1) / 2, width: (width + 1) / 2, inputChannels: inputChannels,
        outputChannels: outputChannels, kernel: 3, padding: 1, paddingMode: .reflect)
      return ConvolutionLayer(geometry: geometry, names: ["\(name).\(layer)"], isRevision: true)
    }
  }
}

extension ConvolutionGeometry {
  /// Kernel, stride, channels and the output's size in short: `3×3 128→64 320×180 ↑2`, `3×3/2 32→64 320×180`.
  public var text: String {
    "\(kernel)×\(kernel)\(stride == 1 ? "" : "/\(stride)") \(inputChannels)→\(outputChannels) \(outputWidth)×\(outputHeight)"
      + (upsampling == 1 ? "" : " ↑\(upsampling)")
  }

  /// Operations of a direct convolution, two for each multiply-add.
  public var operations: Double {
    2 * Double(batch * outputPixels * inputChannels * outputChannels * kernel * kernel)
  }

  /// Bytes that cannot be avoided: input, output and weight once each.
  public var leastBytes: Double {
    4
      * Double(
        batch * (height * width * inputChannels + outputPixels * outputChannels)
          + kernel * kernel * inputChannels * outputChannels)
  }
}
