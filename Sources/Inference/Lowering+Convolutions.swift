import Kernels
import Networks

/// Convolutions, with what stands in front of them and behind them.
extension Lowering {
  /// The window of a convolution's node.
  private struct Window {
    let kernel: Int
    let stride: Int
    let padding: Operation.Padding
    let upsampling: Int

    func geometry(_ extent: ActivationExtent, inputs: Int, outputs: Int) -> ConvolutionGeometry {
      ConvolutionGeometry(
        batch: 1, height: extent.height, width: extent.width, inputChannels: inputs, outputChannels: outputs,
        kernel: kernel, stride: stride, padding: kernel / 2, paddingMode: padding == .reflect ? .reflect : .zeros,
        upsampling: upsampling)
    }
  }

  /// What stands behind a convolution and is written along.
  private struct Epilogue {
    var filter: LoweredFilter
    /// The last node that the convolution computes.
    var last: Int
    var rectifies = false
    var norms: [Int] = []
    var usesBias = true
    /// The activation that is added.
    var residual: Int?
  }

  mutating func lowerConvolution(_ index: Int) throws {
    guard case .convolution(_, let outputs, let kernel, let stride, let padding) = nodes[index].operation else {
      return
    }
    if separated.contains(nodes[index].inputs[0]) { return try lowerSeparable(index) }
    let source = upsampled[nodes[index].inputs[0]] ?? nodes[index].inputs[0]
    let window = Window(
      kernel: kernel, stride: stride, padding: padding, upsampling: source == nodes[index].inputs[0] ? 1 : 2)
    let extent = shapes[source]
    let stored = window.geometry(extent, inputs: extent.storedChannels, outputs: (outputs + 7) / 8 * 8)
    let outputExtent = shapes[index]

    if index == final, outputExtent == picture, pictures[source] == nil {
      let toPicture = window.geometry(extent, inputs: extent.storedChannels, outputs: outputs)
      let algorithm = ToPictureAlgorithm.preferred(for: toPicture)
      if algorithm.supports(toPicture) {
        steps.append(
          .convolutionToPicture(
            LoweredFilter(layer: nodes[index].name), algorithm, toPicture, input: try value(of: source)))
        isFinished = true
        return
      }
    }

    let convolution = FusedConvolution(stored)
    var epilogue = takeEpilogue(index, outputExtent, addsResidual: pictures[source] == nil && convolution.addsResidual)
    if let affine = try pictureAffine(source, window) {
      epilogue.filter.affine = affine
      let onPicture = FusedPictureConvolution(window.geometry(extent, inputs: 3, outputs: stored.outputChannels))
      let output = newActivation(outputExtent)
      steps.append(.pictureConvolution(epilogue.filter, onPicture, output: lowered(epilogue, output)))
      finish(index, epilogue, output, tasks: onPicture.taskCount)
    } else {
      let input = try read(source, materializing: convolution.materializesInput)
      let output = newActivation(outputExtent)
      steps.append(.convolution(epilogue.filter, convolution, input: input, output: lowered(epilogue, output)))
      finish(index, epilogue, output, tasks: convolution.taskCount)
    }
  }

  mutating func lowerDepthwise(_ index: Int) throws {
    guard case .depthwiseConvolution(_, let kernel, let stride, let padding) = nodes[index].operation else {
      return
    }
    let source = upsampled[nodes[index].inputs[0]] ?? nodes[index].inputs[0]
    let window = Window(
      kernel: kernel, stride: stride, padding: padding, upsampling: source == nodes[index].inputs[0] ? 1 : 2)
    let extent = shapes[source]
    if isSeparable(index, window) {
      separated.insert(index)
      return
    }
    let convolution = FusedDepthwiseConvolution(
      window.geometry(extent, inputs: extent.storedChannels, outputs: extent.storedChannels))
    let outputExtent = shapes[index]
    let epilogue = takeEpilogue(index, outputExtent, addsResidual: false)
    let input = try read(source, materializing: convolution.materializesInput)
    let output = newActivation(outputExtent)
    steps.append(.depthwise(epilogue.filter, convolution, input: input, output: lowered(epilogue, output)))
    finish(index, epilogue, output, tasks: convolution.taskCount)
  }

  /// Whether the 1×1 convolution behind a depthwise one takes it over.
  private func isSeparable(_ index: Int, _ window: Window) -> Bool {
    guard window.kernel == 3, window.upsampling == 1, let next = onlyReader(index),
      case .convolution(_, _, 1, 1, _) = nodes[next].operation
    else { return false }
    return true
  }

  private mutating func lowerSeparable(_ index: Int) throws {
    let depthwise = nodes[index].inputs[0]
    guard case .convolution(_, let outputs, _, _, _) = nodes[index].operation,
      case .depthwiseConvolution(_, let kernel, let stride, let padding) = nodes[depthwise].operation
    else { return }
    let source = nodes[depthwise].inputs[0]
    let window = Window(kernel: kernel, stride: stride, padding: padding, upsampling: 1)
    let extent = shapes[source]
    let convolution = FusedSeparableConvolution(
      window.geometry(extent, inputs: extent.storedChannels, outputs: (outputs + 7) / 8 * 8))
    let outputExtent = shapes[index]
    let epilogue = takeEpilogue(index, outputExtent, addsResidual: true)
    let input = try read(source, materializing: convolution.materializesInput)
    let output = newActivation(outputExtent)
    steps.append(
      .separable(
        depthwise: LoweredFilter(layer: nodes[depthwise].name), epilogue.filter, convolution, input: input,
        output: lowered(epilogue, output)))
    finish(index, epilogue, output, tasks: convolution.taskCount)
  }

  /// What a convolution on the picture itself folds into its weight, or nil where it must read an activation.
  ///
  /// Padding with zeros comes behind the affine map, whose offset would fill it. All convolutions on the picture share one map of
  /// its padding.
  private mutating func pictureAffine(_ source: Int, _ window: Window) throws -> PictureAffine? {
    guard let picture = pictures[source], picture.factor == 1, window.upsampling == 1,
      window.padding == .reflect || picture.affine.offset == 0
    else { return nil }
    let padding = [window.kernel, window.padding == .reflect ? 1 : 0]
    guard pictureKernel == nil || pictureKernel == padding else { return nil }
    pictureKernel = padding
    return picture.affine
  }

  /// Takes the batch norm, the ReLU and the residual sum that alone read a convolution, and finds the instance norms behind.
  private mutating func takeEpilogue(_ index: Int, _ extent: ActivationExtent, addsResidual: Bool) -> Epilogue {
    let channels = extent.channels
    var epilogue = Epilogue(filter: LoweredFilter(layer: nodes[index].name), last: index)
    if let next = onlyReader(index), nodes[next].operation == .batchNorm(channels: channels) {
      epilogue.filter.batchNorm = nodes[next].name
      epilogue.last = next
      taken.insert(next)
    }
    if let next = onlyReader(epilogue.last), nodes[next].operation == .relu {
      epilogue.rectifies = true
      epilogue.last = next
      taken.insert(next)
    }
    if addsResidual, let next = onlyReader(epilogue.last), nodes[next].operation == .add,
      let shortcut = nodes[next].inputs.first(where: { $0 != epilogue.last }), let value = values[shortcut],
      value.isPlain, extents[value.raw] == extent
    {
      epilogue.residual = value.raw
      epilogue.last = next
      taken.insert(next)
    }
    let readers = readers[epilogue.last]
    epilogue.norms = readers.filter { nodes[$0].operation == .instanceNorm(channels: channels) }
    // Sums that are gathered are those of the convolution alone.
    if epilogue.residual != nil { epilogue.norms = [] }
    epilogue.usesBias = epilogue.rectifies || epilogue.norms.count < readers.count || epilogue.norms.isEmpty
    return epilogue
  }

  private func lowered(_ epilogue: Epilogue, _ output: Int) -> LoweredOutput {
    LoweredOutput(
      activation: output, usesBias: epilogue.usesBias, rectifies: epilogue.rectifies, residual: epilogue.residual,
      gathers: !epilogue.norms.isEmpty)
  }

  private mutating func finish(_ index: Int, _ epilogue: Epilogue, _ output: Int, tasks: Int) {
    values[index] = LazyActivation(raw: output)
    values[epilogue.last] = values[index]
    appendNorms(epilogue.norms, activation: output, tasks: tasks)
  }
}
