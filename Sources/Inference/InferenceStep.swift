import Kernels
import Threading

/// One pass of a plan: a kernel with its operands in place. The memory belongs to the plan and to its model.
enum InferenceStep {
  /// From the film to its canvas.
  case reduce(CanvasReduction, CanvasMemory)
  /// From the draft to the film; the weight is not read where there is none.
  case revise(RevisionPass, CanvasMemory, weight: UnsafePointer<Float>)
  case unpack(PictureAffine, factor: Int, ActivationExtent, output: UnsafeMutablePointer<Float>)
  case pictureConvolution(FusedPictureConvolution, weight: UnsafePointer<Float>, output: ActivationOutput)
  case convolution(
    FusedConvolution, weight: UnsafePointer<Float>, input: ActivationInput, output: ActivationOutput)
  case depthwise(
    FusedDepthwiseConvolution, weight: UnsafePointer<Float>, input: ActivationInput, output: ActivationOutput)
  case separable(
    FusedSeparableConvolution, weight: UnsafePointer<Float>, input: ActivationInput, output: ActivationOutput)
  case convolutionToPicture(
    ToPictureAlgorithm, ConvolutionGeometry, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    input: ActivationInput)
  case norm(NormStep)
  case pass(ActivationInput, pixels: Int, channels: Int, scaling: PictureScaling, output: ActivationOutput)
  case upsample(UnsafePointer<Float>, extent: ActivationExtent, output: UnsafeMutablePointer<Float>)
  /// From the first extents to the second.
  case shuffle(
    UnsafePointer<Float>, ActivationExtent, factor: Int, output: UnsafeMutablePointer<Float>, ActivationExtent)
  case unshuffle(
    UnsafePointer<Float>, ActivationExtent, factor: Int, output: UnsafeMutablePointer<Float>, ActivationExtent)
  case pack(ActivationInput, ActivationExtent, factor: Int)

  /// Runs the pass for one frame.
  @inline(__always)
  func run(_ frame: PlanFrame) {
    let (scratch, pool) = (frame.scratch, frame.pool)
    switch self {
    case .reduce(let reduction, let memory):
      reduction.forward(
        frame.film, luma: memory.luma(as: frame.film), canvas: memory.canvas, canvasLuma: memory.canvasLuma,
        scratch: scratch, pool: pool)
    case .revise(let revision, let memory, let weight):
      revision.forward(
        luma: memory.luma(as: frame.film), canvasLuma: memory.canvasLuma, draft: memory.draft, weight: weight,
        picture: frame.filmOutput, scratch: scratch, pool: pool)
    case .unpack(let affine, let factor, let extent, let output):
      PicturePass.unpack(
        frame.input, map: frame.extensionMap, affine: affine, factor: factor, height: extent.height,
        width: extent.width, output: output, scratch: scratch, pool: pool)
    case .pictureConvolution(let convolution, let weight, let output):
      convolution.forward(
        frame.input, map: frame.paddingMap, weight: weight, output: output, scratch: scratch, pool: pool)
    case .convolution(let convolution, let weight, let input, let output):
      convolution.forward(input, weight: weight, output: output, scratch: scratch, pool: pool)
    case .depthwise(let convolution, let weight, let input, let output):
      convolution.forward(input, weight: weight, output: output, scratch: scratch, pool: pool)
    case .separable(let convolution, let weight, let input, let output):
      convolution.forward(input, weight: weight, output: output, scratch: scratch, pool: pool)
    case .convolutionToPicture(let algorithm, let geometry, let weight, let bias, let input):
      algorithm.forward(
        input, geometry, weight: weight, bias: bias, scaling: frame.scaling, picture: frame.output, scratch: scratch,
        pool: pool)
    case .norm(let step): step.run()
    case .pass(let input, let pixels, let channels, let scaling, let output):
      ActivationPass.forward(input, pixels: pixels, channels: channels, scaling: scaling, output: output, pool: pool)
    case .upsample(let input, let extent, let output):
      UpsampleNearest.forward(
        input, batch: extent.storedChannels / 8, height: extent.height, width: extent.width, channels: 8,
        output: output, pool: pool)
    case .shuffle(let input, let extent, let factor, let output, let larger):
      BlockedPixelShuffle.shuffle(
        input, height: extent.height, width: extent.width, channels: larger.channels, factor: factor, output: output,
        pool: pool)
    case .unshuffle(let input, let extent, let factor, let output, let smaller):
      BlockedPixelShuffle.unshuffle(
        input, height: smaller.height, width: smaller.width, channels: extent.channels, factor: factor, output: output,
        pool: pool)
    case .pack(let input, let extent, let factor):
      PicturePass.pack(
        input, height: extent.height, width: extent.width, factor: factor, scaling: frame.scaling,
        picture: frame.output, pool: pool)
    }
  }
}

/// What changes from frame to frame, and what all steps share.
struct PlanFrame {
  /// The picture as it came.
  let film: PictureInput.Storage
  /// Where the picture goes that is painted.
  let filmOutput: PictureOutput
  /// What the layers read: the picture as it came, or its canvas.
  let input: PictureInput
  /// Where the layers write: the picture, or the draft.
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
