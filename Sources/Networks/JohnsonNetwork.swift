extension NetworkDefinition {
  /// Returns the image transformation network of Johnson et al. with instance norm.
  ///
  /// A 9×9 convolution to 32 channels, two 3×3 convolutions with stride 2 to 64 and 128, five residual blocks with 128,
  /// two nearest ×2 upsamplings each with a 3×3 convolution to 64 and 32, and a 9×9 convolution to RGB. Padding is by
  /// reflection throughout.
  ///
  /// The output is `127.5 + 150·tanh(x)`, Johnson's scaled tanh around mid-grey. It exceeds 0…255, so that black and
  /// white need no saturated tanh, and must be clamped. The input is raw RGB 0…255, because the first instance norm
  /// removes its offset and scale. Parameters have the names of PyTorch's fast_neural_style example.
  ///
  /// J. Johnson, A. Alahi, L. Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016,
  /// supplementary material. Residual blocks follow S. Gross, M. Wilber (no ReLU after the addition), upsampling
  /// follows A. Odena et al.: Deconvolution and Checkerboard Artifacts, Distill 2016.
  ///
  /// - Parameter width: Multiplies the channels of every layer.
  public static func johnson(width: Double = 1) -> NetworkDefinition {
    let first = channels(32, width)
    let second = channels(64, width)
    let third = channels(128, width)
    var builder = NetworkBuilder()

    func normalized(_ norm: String, _ channels: Int) {
      builder.instanceNorm(norm, channels: channels)
      builder.append(.relu)
    }

    builder.convolution("conv1.conv2d", from: 3, to: first, kernel: 9)
    normalized("in1", first)
    builder.convolution("conv2.conv2d", from: first, to: second, kernel: 3, stride: 2)
    normalized("in2", second)
    builder.convolution("conv3.conv2d", from: second, to: third, kernel: 3, stride: 2)
    normalized("in3", third)
    for block in 1...5 {
      let shortcut = builder.last
      builder.convolution("res\(block).conv1.conv2d", from: third, to: third, kernel: 3)
      normalized("res\(block).in1", third)
      builder.convolution("res\(block).conv2.conv2d", from: third, to: third, kernel: 3)
      builder.instanceNorm("res\(block).in2", channels: third)
      builder.append(.add, inputs: [shortcut, builder.last])
    }
    builder.append(.upsampleNearest)
    builder.convolution("deconv1.conv2d", from: third, to: second, kernel: 3)
    normalized("in4", second)
    builder.append(.upsampleNearest)
    builder.convolution("deconv2.conv2d", from: second, to: first, kernel: 3)
    normalized("in5", first)
    builder.convolution("deconv3.conv2d", from: first, to: 3, kernel: 9)
    builder.append(.scaledTanh(scale: 150, offset: 127.5))
    return NetworkDefinition(name: "johnson", width: width, nodes: builder.nodes)
  }

  static func channels(_ count: Int, _ width: Double) -> Int {
    max(1, Int((Double(count) * width).rounded()))
  }
}
