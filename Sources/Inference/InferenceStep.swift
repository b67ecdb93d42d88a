import Kernels
import Threading

/// One pass of a plan: a kernel with its operands in place. The memory belongs to the plan and to its model.
enum InferenceStep {
  case unpack(width: Int, height: Int, output: UnsafeMutablePointer<Float>)
  case pictureConvolution(ConvolutionGeometry, weight: UnsafePointer<Float>, output: ActivationOutput)
  case convolution(
    FusedConvolution, weight: UnsafePointer<Float>, input: ActivationInput, output: ActivationOutput)
  case convolutionToPicture(
    ConvolutionGeometry, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>, input: ActivationInput)
  case norm(NormStep)
  case pass(ActivationInput, pixels: Int, channels: Int, scaling: PictureScaling, output: ActivationOutput)
  case upsample(UnsafePointer<Float>, extent: ActivationExtent, output: UnsafeMutablePointer<Float>)
  case pack(ActivationInput, width: Int)

  /// Runs the pass for one frame.
  @inline(__always)
  func run(_ frame: PlanFrame) {
    switch self {
    case .unpack(let width, let height, let output):
      ActivationPass.unpack(
        frame.input, map: frame.extensionMap, width: width, height: height, output: output, pool: frame.pool)
    case .pictureConvolution(let geometry, let weight, let output):
      FusedPictureConvolution.forward(
        frame.input, map: frame.paddingMap, geometry, weight: weight, output: output, scratch: frame.scratch,
        pool: frame.pool)
    case .convolution(let convolution, let weight, let input, let output):
      convolution.forward(input, weight: weight, output: output, scratch: frame.scratch, pool: frame.pool)
    case .convolutionToPicture(let geometry, let weight, let bias, let input):
      FusedConvolutionToPicture.forward(
        input, geometry, weight: weight, bias: bias, scaling: frame.scaling, picture: frame.output,
        scratch: frame.scratch, pool: frame.pool)
    case .norm(let step): step.run()
    case .pass(let input, let pixels, let channels, let scaling, let output):
      ActivationPass.forward(
        input, pixels: pixels, channels: channels, scaling: scaling, output: output, pool: frame.pool)
    case .upsample(let input, let extent, let output):
      UpsampleNearest.forward(
        input, batch: extent.storedChannels / 8, height: extent.height, width: extent.width, channels: 8,
        output: output, pool: frame.pool)
    case .pack(let input, let width):
      ActivationPass.pack(
        input, width: width, scaling: frame.scaling, picture: frame.output, pool: frame.pool)
    }
  }
}

/// What changes from frame to frame, and what all steps share.
struct PlanFrame {
  let input: PictureInput
  let output: PictureOutput
  let scaling: PictureScaling
  /// From the first convolution's padded input to the picture.
  let paddingMap: PictureMap
  /// From the extended picture to the picture.
  let extensionMap: PictureMap
  let scratch: UnsafeMutablePointer<Float>
  let pool: ComputePool
}

/// The scale and shift of an instance norm from the sums of the step before.
struct NormStep {
  let moments: UnsafePointer<Double>
  let tasks: Int
  let channels: Int
  let pixels: Int
  let gamma: UnsafePointer<Float>
  let beta: UnsafePointer<Float>
  let scale: UnsafeMutablePointer<Float>
  let shift: UnsafeMutablePointer<Float>

  func run() {
    Moments.finish(
      moments, tasks: tasks, channels: channels, pixels: pixels, gamma: gamma, beta: beta, scale: scale, shift: shift)
  }
}
