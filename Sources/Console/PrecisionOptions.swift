import ArgumentParser
import Kernels

/// The option for the precision of products.
public struct PrecisionOptions: ParsableArguments {
  enum Choice: String, CaseIterable, ExpressibleByArgument {
    case auto, float32
  }

  @Option(
    help: """
      The precision of the products in convolutions. auto uses bfloat16, with sums in single precision, if the processor \
      has AVX512_BF16.
      """)
  var precision = Choice.auto

  /// The precision to compute with on this processor.
  public var products: ProductPrecision {
    switch precision {
    case .auto: .fastest
    case .float32: .float32
    }
  }

  /// Creates the options with their default values.
  public init() {}
}
