import Kernels
import Networks

/// Lowers nodes that move pixels: fused with neighbouring nodes, or as passes of their own.
extension Lowering {
  mutating func lowerUpsampling(_ index: Int) throws {
    let source = nodes[index].inputs[0]
    if !readers[index].isEmpty, readers[index].allSatisfy({ nodes[$0].operation.isConvolution }) {
      upsampled[index] = source
      return
    }
    let input = try plain(source)
    let output = newActivation(shapes[index])
    steps.append(UpsampleStep(input: input, output: output))
    values[index] = LazyActivation(raw: output)
  }

  mutating func lowerLinearUpsampling(_ index: Int, alignsCorners: Bool) throws {
    let source = nodes[index].inputs[0]
    let enlargement = BilinearEnlargement(
      doublingHeight: shapes[source].height, width: shapes[source].width, alignsCorners: alignsCorners)
    let input = try plain(source)
    let output = newActivation(shapes[index])
    steps.append(LinearUpsampleStep(input: input, enlargement: enlargement, output: output))
    values[index] = LazyActivation(raw: output)
  }

  mutating func lowerConcatenation(_ index: Int) throws {
    let (first, second) = (try plain(nodes[index].inputs[0]), try plain(nodes[index].inputs[1]))
    let output = newActivation(shapes[index])
    steps.append(ConcatenationStep(first: first, second: second, output: output))
    values[index] = LazyActivation(raw: output)
  }

  /// Unshuffling the picture itself is part of unpacking it.
  mutating func lowerUnshuffle(_ index: Int, factor: Int) throws {
    let source = nodes[index].inputs[0]
    if let picture = pictures[source], picture.factor == 1 {
      pictures[index] = PictureValue(affine: picture.affine, factor: factor)
      return
    }
    let output = newActivation(shapes[index])
    steps.append(ShuffleStep(input: try plain(source), factor: factor, isInverse: true, output: output))
    values[index] = LazyActivation(raw: output)
  }

  /// Shuffling at the end is part of packing the picture.
  mutating func lowerShuffle(_ index: Int, factor: Int) throws {
    let source = nodes[index].inputs[0]
    if index == final {
      steps.append(PackStep(input: try value(of: source), factor: factor))
      isFinished = true
      return
    }
    let output = newActivation(shapes[index])
    steps.append(ShuffleStep(input: try plain(source), factor: factor, isInverse: false, output: output))
    values[index] = LazyActivation(raw: output)
  }
}

extension Operation {
  var isCanvas: Bool {
    if case .canvas = self { return true }
    return false
  }

  var isConvolution: Bool {
    switch self {
    case .convolution, .depthwiseConvolution: true
    default: false
    }
  }
}
