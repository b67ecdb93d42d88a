extension NetworkDescription {
  /// Returns the architecture with the channels of every layer multiplied by `width`.
  ///
  /// The picture enters as `x / 127.5 − 1`, which folds into the first convolution. Without a norm after that
  /// convolution, raw pixels would saturate all later layers. Padding is by reflection. The output is
  /// `127.5 + 150·tanh(x)`, see ``NetworkDefinition/johnson(width:)``. With a canvas, all of this happens on the canvas
  /// and a revision follows, whose channels are not multiplied.
  public func definition(width: Double = 1) -> NetworkDefinition {
    var assembly = Assembly(choices: self, channels: channels.map { NetworkDefinition.channels($0, width) })
    assembly.enter()
    for number in 0..<blocks { assembly.residualBlock(number + 1) }
    assembly.leave(detail: detail == 0 ? 0 : NetworkDefinition.channels(detail, width))
    return NetworkDefinition(name: description, width: width, nodes: assembly.builder.nodes)
  }

  /// Builds the nodes of the network. Level `l` has `1 / 2ˡ` of the picture's height and width.
  private struct Assembly {
    let choices: NetworkDescription
    let channels: [Int]
    var builder = NetworkBuilder()

    mutating func enter() {
      if choices.canvas > 0 { builder.append(.canvas(lines: choices.canvas)) }
      builder.append(.affine(scale: 1 / 127.5, offset: -1))
      let level: Int
      switch choices.head {
      case .full:
        level = 0
        builder.convolution("head", from: 3, to: channels[0], kernel: choices.kernel)
      case .strided:
        level = 1
        builder.convolution("head", from: 3, to: channels[1], kernel: 3, stride: 2)
      case .unshuffle2:
        level = 1
        builder.append(.pixelUnshuffle(factor: 2))
        builder.convolution("head", from: 12, to: channels[1], kernel: 3)
      case .unshuffle4:
        level = 2
        builder.append(.pixelUnshuffle(factor: 4))
        builder.convolution("head", from: 48, to: channels[2], kernel: 3)
      }
      activate("head", channels[level])
      for next in channels.indices.dropFirst(level + 1) {
        filter("down\(next)", choices.stages, from: channels[next - 1], to: channels[next], stride: 2)
        activate("down\(next)", channels[next])
      }
    }

    mutating func residualBlock(_ number: Int) {
      let width = channels[channels.count - 1]
      let shortcut = builder.last
      filter("res\(number).conv1", choices.block, from: width, to: width)
      normalize("res\(number).norm1", choices.blockNorm, width)
      builder.append(.relu)
      filter("res\(number).conv2", choices.block, from: width, to: width)
      normalize("res\(number).norm2", choices.blockNorm, width)
      builder.append(.add, inputs: [shortcut, builder.last])
    }

    mutating func leave(detail: Int) {
      let last = channels.count - 1
      func width(_ level: Int) -> Int { level == 0 ? detail : channels[level] }
      // Upsampling without channels at full resolution ends there directly.
      let isDirect = choices.tail == .upsample && detail == 0
      let end: Int
      switch choices.tail {
      case .upsample: end = isDirect ? 1 : 0
      case .shuffle2: end = 1
      case .shuffle4: end = 2
      }
      for level in stride(from: last - 1, through: end, by: -1) {
        upsampled("up\(level)", from: channels[level + 1], to: width(level))
        activate("up\(level)", width(level))
      }
      if isDirect {
        upsampled("output", from: width(end), to: 3)
      } else {
        let factor = 1 << end
        builder.convolution(
          "output", from: width(end), to: 3 * factor * factor, kernel: end == 0 ? choices.kernel : 3)
        if factor > 1 { builder.append(.pixelShuffle(factor: factor)) }
      }
      builder.append(.scaledTanh(scale: 150, offset: 127.5))
      if choices.canvas > 0 {
        builder.append(.revision(channels: choices.revision), name: "revision", inputs: [0, builder.last])
      }
    }

    private mutating func filter(
      _ name: String, _ filter: Filter, from inputChannels: Int, to outputChannels: Int, stride: Int = 1
    ) {
      switch filter {
      case .dense:
        builder.convolution(name, from: inputChannels, to: outputChannels, kernel: 3, stride: stride)
      case .separable:
        builder.depthwiseConvolution(name + ".depthwise", channels: inputChannels, kernel: 3, stride: stride)
        builder.convolution(name + ".pointwise", from: inputChannels, to: outputChannels, kernel: 1)
      }
    }

    /// Nearest ×2 upsampling with a convolution. The 1×1 convolution of a separable one commutes with the upsampling,
    /// and costs a quarter before it.
    private mutating func upsampled(_ name: String, from inputChannels: Int, to outputChannels: Int) {
      switch choices.stages {
      case .dense:
        builder.append(.upsampleNearest)
        builder.convolution(name, from: inputChannels, to: outputChannels, kernel: 3)
      case .separable:
        builder.convolution(name + ".pointwise", from: inputChannels, to: outputChannels, kernel: 1)
        builder.append(.upsampleNearest)
        builder.depthwiseConvolution(name + ".depthwise", channels: outputChannels, kernel: 3)
      }
    }

    private mutating func activate(_ name: String, _ channels: Int) {
      normalize(name + ".norm", choices.norm, channels)
      builder.append(.relu)
    }

    private mutating func normalize(_ name: String, _ norm: Norm, _ channels: Int) {
      switch norm {
      case .instance: builder.instanceNorm(name, channels: channels)
      case .batch: builder.append(.batchNorm(channels: channels), name: name)
      case .none: break
      }
    }
  }
}
