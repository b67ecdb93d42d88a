import Kernels
import Networks

/// Nodes that move pixels about: taken over by what stands beside them, or passes of their own.
extension Lowering {
  mutating func lowerUpsampling(_ index: Int) throws {
    let source = nodes[index].inputs[0]
    if !readers[index].isEmpty, readers[index].allSatisfy({ nodes[$0].operation.isConvolution }) {
      upsampled[index] = source
      return
    }
    let input = try plain(source)
    let extent = extents[input]
    let output = newActivation(
      ActivationExtent(height: 2 * extent.height, width: 2 * extent.width, channels: extent.channels))
    steps.append(UpsampleStep(input: input, output: output))
    values[index] = LazyActivation(raw: output)
  }

  /// Unshuffling of the picture itself is how it is unpacked.
  mutating func lowerUnshuffle(_ index: Int, factor: Int) throws {
    let source = nodes[index].inputs[0]
    let isPicture = pictures[source]?.factor == 1
    let extent = isPicture ? picture : extents[try value(of: source).raw]
    guard factor > 0, extent.height % factor == 0, extent.width % factor == 0 else {
      throw malformed(index, "\(extent) cannot be divided into blocks of \(factor)×\(factor)")
    }
    if isPicture, let picture = pictures[source] {
      pictures[index] = PictureValue(affine: picture.affine, factor: factor)
      return
    }
    let output = newActivation(
      ActivationExtent(
        height: extent.height / factor, width: extent.width / factor, channels: extent.channels * factor * factor))
    steps.append(ShuffleStep(input: try plain(source), factor: factor, isInverse: true, output: output))
    values[index] = LazyActivation(raw: output)
  }

  /// Shuffling at the end is how the picture is packed.
  mutating func lowerShuffle(_ index: Int, factor: Int) throws {
    let source = nodes[index].inputs[0]
    let value = try value(of: source)
    let extent = extents[value.raw]
    guard factor > 0, extent.channels % (factor * factor) == 0 else {
      throw malformed(index, "\(extent.channels) channels are not whole blocks of \(factor)×\(factor)")
    }
    let shuffled = ActivationExtent(
      height: extent.height * factor, width: extent.width * factor, channels: extent.channels / (factor * factor))
    if index == final {
      try checkOutput(shuffled)
      steps.append(PackStep(input: value, factor: factor))
      isFinished = true
      return
    }
    let output = newActivation(shuffled)
    steps.append(ShuffleStep(input: try plain(source), factor: factor, isInverse: false, output: output))
    values[index] = LazyActivation(raw: output)
  }
}

extension Operation {
  /// The nodes that it reads.
  var operandCount: Int {
    switch self {
    case .input: 0
    case .add, .revision: 2
    default: 1
    }
  }

  var isCanvas: Bool {
    if case .canvas = self { return true }
    return false
  }

  var isRevision: Bool {
    if case .revision = self { return true }
    return false
  }

  var isConvolution: Bool {
    switch self {
    case .convolution, .depthwiseConvolution: true
    default: false
    }
  }
}
