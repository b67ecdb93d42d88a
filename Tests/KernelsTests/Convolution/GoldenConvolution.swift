import Kernels
import Testing

/// A convolution in `operations.safetensors`; its dimensions follow from the stored tensors.
struct GoldenConvolution: Sendable, CustomTestStringConvertible {
  let name: String
  let stride: Int
  let padding: Int
  let paddingMode: PaddingMode

  var testDescription: String { name }

  /// `CONVOLUTIONS` of `dump_golden.py`.
  static let all = [
    GoldenConvolution(name: "pointwise", stride: 1, padding: 0, paddingMode: .zeros),
    GoldenConvolution(name: "unpadded", stride: 1, padding: 0, paddingMode: .zeros),
    GoldenConvolution(name: "zero", stride: 1, padding: 1, paddingMode: .zeros),
    GoldenConvolution(name: "zero_strided", stride: 2, padding: 1, paddingMode: .zeros),
    GoldenConvolution(name: "reflection", stride: 1, padding: 1, paddingMode: .reflect),
    GoldenConvolution(name: "reflection_strided", stride: 2, padding: 1, paddingMode: .reflect),
    GoldenConvolution(name: "wide_in", stride: 1, padding: 4, paddingMode: .reflect),
    GoldenConvolution(name: "wide_out", stride: 1, padding: 4, paddingMode: .reflect),
  ]
}
