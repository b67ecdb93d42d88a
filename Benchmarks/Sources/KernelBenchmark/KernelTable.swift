import Measurement

/// Formats results as lines of text.
enum KernelTable {
  private static let table = TextTable([
    .init("network", width: 14, isText: true), .init("size", width: 5, isText: true), .init("threads"),
    .init("shape", width: 26, isText: true), .init("layers"), .init("algorithm", width: 22, isText: true),
    .init("ms", width: 6), .init("GFLOP/s", width: 7), .init("of peak", width: 7), .init("of roofline"),
    .init("× im2col"), .init("difference", width: 8),
  ])

  static var header: String { table.header }

  static func row(_ result: ConvolutionResult) -> String {
    table.row([
      result.width == 1 ? result.network : "\(result.network) \(result.width)", NamedSize.name(result.size),
      String(result.threads), result.shape, String(result.layers.count),
      result.algorithm + (result.isPreferred ? " *" : ""), result.ms.threeDigits, result.gflops.threeDigits,
      result.peakShare.percentage, result.rooflineShare.percentage, result.speedupOverIm2col?.threeDigits ?? "",
      result.difference == 0 ? "0" : String(result.difference),
    ])
  }

  /// Returns one line for each number of threads.
  static func text(of rooflines: [Roofline]) -> String {
    rooflines.map {
      "\($0.threads) \($0.threads == 1 ? "thread" : "threads"): peak \($0.peakGFLOPS.threeDigits) GFLOP/s, "
        + "memory \($0.bandwidthGBPS.threeDigits) GB/s\n"
    }.joined() + "\n"
  }
}
