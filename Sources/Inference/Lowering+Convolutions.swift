import Kernels
import Networks

/// Lowers convolutions with the nodes before and after them.
extension Lowering {
  /// The window of a convolution node.
  private struct Window {
    let kernel: Int
    let stride: Int
    let padding: Operation.Padding
    let upsampling: Int

    func geometry(_ extent: ActivationExtent, inputs: Int, outputs: Int) -> ConvolutionGeometry {
      ConvolutionGeometry(
        batch: 1, height: extent.height, width: extent.width, inputChannels: inputs, outputChannels: outputs,
        kernel: kernel, stride: stride, padding: kernel / 2, paddingMode: PaddingMode(padding),
        upsampling: upsampling)
    }
  }

  /// The nodes after a convolution that its step includes.
  private struct Epilogue {
    var filter: LoweredFilter
    /// The convolution node.
    let first: Int
    /// The last node that the convolution computes.
    var last: Int
    var appliesReLU = false
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
    let stored = window.geometry(
      extent, inputs: extent.storedChannels, outputs: ActivationLayout.storedChannels(outputs))
    let outputExtent = shapes[index]

    if index == final, outputExtent == picture, pictures[source] == nil {
      let toPicture = window.geometry(extent, inputs: extent.storedChannels, outputs: outputs)
      let algorithm = ToPictureAlgorithm.preferred(for: toPicture)
      if algorithm.supports(toPicture) {
        steps.append(
          ConvolutionToPictureStep(
            planned: planned(algorithm.name, [index], extent, window),
            filter: LoweredFilter(layer: nodes[index].name), kernel: algorithm.kernel(for: toPicture),
            input: try value(of: source)))
        isFinished = true
        return
      }
    }

    let algorithm = FusedAlgorithm.preferred(for: stored)
    let convolution = algorithm.kernel(for: stored)
    var epilogue = takeEpilogue(index, outputExtent, addsResidual: pictures[source] == nil && convolution.addsResidual)
    if let affine = pictureAffine(source, window) {
      epilogue.filter.affine = affine
      let onPicture = window.geometry(extent, inputs: 3, outputs: stored.outputChannels)
      let algorithm = PictureAlgorithm.preferred(for: onPicture)
      let convolution = algorithm.kernel(for: onPicture)
      let output = newActivation(outputExtent)
      steps.append(
        PictureConvolutionStep(
          planned: planned(algorithm.name, [index], extent, window), filter: epilogue.filter,
          kernel: convolution, output: lowered(epilogue, output)))
      finish(epilogue, output, tasks: convolution.taskCount)
    } else {
      try append(
        convolution, planned(algorithm.name, [index], extent, window), [epilogue.filter], source: source, epilogue)
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
    let stored = window.geometry(extent, inputs: extent.storedChannels, outputs: extent.storedChannels)
    let algorithm = DepthwiseAlgorithm.preferred(for: stored)
    let convolution = algorithm.kernel(for: stored)
    let epilogue = takeEpilogue(index, shapes[index], addsResidual: convolution.addsResidual)
    try append(
      convolution, planned(algorithm.name, [index], extent, window), [epilogue.filter], source: source,
      epilogue)
  }

  /// Whether the 1×1 convolution after a depthwise one can include it.
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
    let stored = window.geometry(
      extent, inputs: extent.storedChannels, outputs: ActivationLayout.storedChannels(outputs))
    let algorithm = SeparableAlgorithm.preferred(for: stored)
    let convolution = algorithm.kernel(for: stored)
    let epilogue = takeEpilogue(index, shapes[index], addsResidual: convolution.addsResidual)
    try append(
      convolution, planned(algorithm.name, [depthwise, index], extent, window),
      [LoweredFilter(layer: nodes[depthwise].name), epilogue.filter], source: source, epilogue)
  }

  /// Appends a convolution between activations.
  private mutating func append(
    _ kernel: any ConvolutionKernel<ActivationInput, ActivationOutput>, _ planned: PlannedConvolution,
    _ filters: [LoweredFilter], source: Int, _ epilogue: Epilogue
  ) throws {
    let input = try read(source, materializing: kernel.materializesInput)
    let output = newActivation(shapes[epilogue.first])
    steps.append(
      ConvolutionStep(
        planned: planned, filters: filters, kernel: kernel, input: input, output: lowered(epilogue, output)))
    finish(epilogue, output, tasks: kernel.taskCount)
  }

  /// Returns the layers `indices`, the first of which reads `extent`, as `algorithm` computes them.
  private func planned(
    _ algorithm: String, _ indices: [Int], _ extent: ActivationExtent, _ window: Window
  ) -> PlannedConvolution {
    PlannedConvolution(
      layers: indices.map { nodes[$0].name }, algorithm: algorithm,
      geometry: window.geometry(
        extent, inputs: extent.channels, outputs: indices.last.map { shapes[$0].channels } ?? extent.channels))
  }

  /// Returns the map of the picture that a convolution can fold into its weight, or nil if it must read an activation.
  ///
  /// Zero padding follows the affine map, so an offset cannot be folded: it would also apply to the padding.
  private func pictureAffine(_ source: Int, _ window: Window) -> PictureAffine? {
    guard let picture = pictures[source], picture.factor == 1, window.upsampling == 1,
      window.padding != .zeros || picture.affine.offset == 0
    else { return nil }
    return picture.affine
  }

  /// Collects the batch norm, ReLU and residual sum that are the only readers of a convolution, and the instance norms
  /// after them.
  private mutating func takeEpilogue(_ index: Int, _ extent: ActivationExtent, addsResidual: Bool) -> Epilogue {
    let channels = extent.channels
    var epilogue = Epilogue(filter: LoweredFilter(layer: nodes[index].name), first: index, last: index)
    if let next = onlyReader(index), nodes[next].operation == .batchNorm(channels: channels) {
      epilogue.filter.batchNorm = nodes[next].name
      epilogue.last = next
      taken.insert(next)
    }
    if let next = onlyReader(epilogue.last), nodes[next].operation == .relu {
      epilogue.appliesReLU = true
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
    // The sums must be those of the convolution alone.
    if epilogue.residual != nil { epilogue.norms = [] }
    epilogue.usesBias = epilogue.appliesReLU || epilogue.norms.count < readers.count || epilogue.norms.isEmpty
    // A pixel shuffle moves the values that are summed. The bias stays: it can differ between the pixels of a block.
    if epilogue.residual == nil, let next = onlyReader(epilogue.last),
      case .pixelShuffle(let factor) = nodes[next].operation
    {
      epilogue.norms = self.readers[next].filter {
        nodes[$0].operation == .instanceNorm(channels: channels / (factor * factor))
      }
    }
    return epilogue
  }

  private func lowered(_ epilogue: Epilogue, _ output: Int) -> LoweredOutput {
    LoweredOutput(
      activation: output, usesBias: epilogue.usesBias, appliesReLU: epilogue.appliesReLU, residual: epilogue.residual,
      gathers: !epilogue.norms.isEmpty)
  }

  private mutating func finish(_ epilogue: Epilogue, _ output: Int, tasks: Int) {
    values[epilogue.first] = LazyActivation(raw: output)
    values[epilogue.last] = values[epilogue.first]
    appendNorms(epilogue.norms, activation: output, tasks: tasks)
  }
}

extension PaddingMode {
  /// The kernels' name of `padding`.
  init(_ padding: Networks.Operation.Padding) {
    switch padding {
    case .zeros: self = .zeros
    case .reflect: self = .reflect
    case .replicate: self = .replicate
    }
  }
}
