import Autograd
import Kernels
import TestSupport
import Tensors
import Testing

/// An operation of the tape and its inputs in a golden file.
struct OperationCase: Sendable, CustomTestStringConvertible {
  /// The golden file.
  var file = "operations"
  /// The prefix of its tensors.
  let name: String
  /// The names of the inputs that have gradients, without the prefix.
  let inputs: [String]
  /// Whether a small step may cross a kink of the function, as with golden inputs that have ties.
  var hasKinks = false
  /// The step of central differences; large for linear and quadratic functions, where they are exact.
  var step: Float = 0.25
  let apply: @Sendable (Tape, [Variable]) -> Variable

  var testDescription: String { name }

  static let all =
    convolutions + candidates + canvas + rectifiers + imported + [
      OperationCase(name: "instance_norm", inputs: ["input", "scale", "shift"], step: 1e-2) {
        $0.instanceNorm($1[0], gamma: $1[1], beta: $1[2])
      },
      OperationCase(name: "relu", inputs: ["input"], hasKinks: true) { $0.pointwise(.relu, $1[0]) },
      OperationCase(name: "scaled_tanh", inputs: ["input"], step: 1e-2) {
        $0.pointwise(.scaledTanh(scale: 150, offset: 127.5), $1[0])
      },
      OperationCase(name: "max_pool", inputs: ["input"], hasKinks: true) { $0.maxPool($1[0]) },
      OperationCase(name: "upsample", inputs: ["input"]) { $0.upsampleNearest($1[0]) },
      OperationCase(name: "gram", inputs: ["input"]) { $0.gram($1[0]) },
    ]

  private static let candidates =
    [
      OperationCase(file: "candidates", name: "pixel_shuffle", inputs: ["input"]) { $0.pixelShuffle($1[0], factor: 3) },
      OperationCase(file: "candidates", name: "pixel_unshuffle", inputs: ["input"]) {
        $0.pixelUnshuffle($1[0], factor: 2)
      },
      OperationCase(file: "candidates", name: "affine", inputs: ["input"], step: 1) {
        $0.pointwise(.affine(scale: 1 / 128, offset: -1), $1[0])
      },
      norm("stored", imageShare: 0), norm("blended", imageShare: 0.375),
      depthwise("reflection", padding: 1, mode: .reflect),
      depthwise("reflection_strided", stride: 2, padding: 1, mode: .reflect),
      depthwise("zero_strided", stride: 2, padding: 2, mode: .zeros),
      OperationCase(file: "candidates", name: "warp", inputs: ["input"]) { tape, inputs in
        tape.warp(inputs[0], positions: goldenTensor("warp.positions"))
      },
    ]

  /// ReLUs with other backward passes. Only one of them is a gradient.
  private static let rectifiers = RectifierGradient.allCases.map { rule in
    OperationCase(file: "inspection", name: "rectifier.\(rule.rawValue)", inputs: ["input"], hasKinks: true) {
      $0.rectified($1[0], gradient: rule)
    }
  }

  /// Operations that only networks of other programs have.
  private static let imported =
    [
      OperationCase(file: "imported", name: "leaky_relu", inputs: ["input"], hasKinks: true) {
        $0.pointwise(.leakyReLU(slope: 0.2), $1[0])
      },
      OperationCase(file: "imported", name: "clamp", inputs: ["input"], hasKinks: true) {
        $0.pointwise(.clamp(minimum: -0.5, maximum: 0.75), $1[0])
      },
      OperationCase(file: "imported", name: "linear.half_pixel", inputs: ["input"]) {
        $0.upsampleLinear($1[0], alignsCorners: false)
      },
      OperationCase(file: "imported", name: "linear.align_corners", inputs: ["input"]) {
        $0.upsampleLinear($1[0], alignsCorners: true)
      },
      OperationCase(file: "imported", name: "prelu", inputs: ["input", "slopes"], hasKinks: true) {
        $0.parametricReLU($1[0], slopes: $1[1])
      },
      OperationCase(file: "imported", name: "concatenation", inputs: ["first", "second"]) {
        $0.concatenation($1[0], $1[1])
      },
      OperationCase(file: "imported", name: "replicate.depthwise", inputs: ["input", "weight", "bias"]) {
        $0.depthwiseConvolution($1[0], weight: $1[1], bias: $1[2], padding: 2, paddingMode: .replicate)
      },
    ]
    + [("dense", 1), ("strided", 2)].map { name, stride in
      OperationCase(file: "imported", name: "replicate.\(name)", inputs: ["input", "weight", "bias"]) {
        $0.convolution($1[0], weight: $1[1], bias: $1[2], stride: stride, padding: 2, paddingMode: .replicate)
      }
    }

  private static let canvas = [
    OperationCase(file: "canvas", name: "area_reduction", inputs: ["input"]) {
      $0.areaReduced($1[0], height: 4, width: 3)
    },
    OperationCase(file: "canvas", name: "area_enlargement", inputs: ["input"]) {
      $0.areaReduced($1[0], height: 4, width: 8)
    },
    OperationCase(file: "canvas", name: "bilinear", inputs: ["input"]) { $0.enlarged($1[0], height: 8, width: 9) },
    OperationCase(file: "canvas", name: "block_centres", inputs: ["input"]) {
      $0.enlarged($1[0], height: 9, width: 8, step: 2)
    },
    OperationCase(file: "canvas", name: "sharpened", inputs: ["input"]) { $0.sharpened($1[0], height: 9, width: 13) },
    OperationCase(
      file: "canvas", name: "revision", inputs: ["draft", "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"],
      hasKinks: true
    ) { tape, inputs in
      let film = Variable(goldenTensor("revision.film", in: "canvas"))
      let shape = film.value.shape
      let draft = tape.sharpened(inputs[0], height: shape.height, width: shape.width)
      let values = tape.revisionInput(frame: film, draft: draft)
      let hidden = tape.convolution(
        values, weight: inputs[1], bias: inputs[2], padding: 1, paddingMode: .reflect, appliesReLU: true)
      let residual = tape.convolution(
        hidden, weight: inputs[3], bias: inputs[4], padding: 1, paddingMode: .reflect)
      return tape.addingBlocks(
        tape.enlarged(draft, height: shape.height, width: shape.width), residual, scale: 64)
    },
  ]

  /// Reads an input without a gradient. If it is missing, a tensor of zeros makes the comparison fail.
  private static func goldenTensor(_ name: String, in file: String = "candidates") -> Tensor {
    (try? Golden(file).tensor(name)) ?? Tensor(Shape(batch: 2, height: 1, width: 1, channels: 2))
  }

  private static func norm(_ name: String, imageShare: Float) -> OperationCase {
    OperationCase(
      file: "candidates", name: "batch_norm.\(name)", inputs: ["input", "scale", "shift"], step: 1e-2
    ) { tape, inputs in
      tape.batchNorm(
        inputs[0], gamma: inputs[1], beta: inputs[2], runningMean: goldenTensor("batch_norm.\(name).mean"),
        runningVariance: goldenTensor("batch_norm.\(name).variance"), imageShare: imageShare)
    }
  }

  private static func depthwise(
    _ name: String, stride: Int = 1, padding: Int, mode: PaddingMode
  ) -> OperationCase {
    OperationCase(
      file: "candidates", name: "depthwise_convolution.\(name)", inputs: ["input", "weight", "bias"]
    ) {
      $0.depthwiseConvolution(
        $1[0], weight: $1[1], bias: $1[2], stride: stride, padding: padding, paddingMode: mode)
    }
  }

  private static let convolutions = [
    convolution("pointwise", padding: 0, mode: .zeros), convolution("unpadded", padding: 0, mode: .zeros),
    convolution("zero", padding: 1, mode: .zeros), convolution("zero_strided", stride: 2, padding: 1, mode: .zeros),
    convolution("reflection", padding: 1, mode: .reflect),
    convolution("reflection_strided", stride: 2, padding: 1, mode: .reflect),
    convolution("wide_in", padding: 4, mode: .reflect), convolution("wide_out", padding: 4, mode: .reflect),
  ]

  private static func convolution(
    _ name: String, stride: Int = 1, padding: Int, mode: PaddingMode
  ) -> OperationCase {
    OperationCase(name: "convolution.\(name)", inputs: ["input", "weight", "bias"]) {
      $0.convolution($1[0], weight: $1[1], bias: $1[2], stride: stride, padding: padding, paddingMode: mode)
    }
  }
}
