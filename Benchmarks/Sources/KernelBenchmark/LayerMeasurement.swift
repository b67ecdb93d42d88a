import Console
import Kernels
import Measurement
import Networks
import Threading

/// The result of one algorithm on one shape; a row of the table and an object of the JSON.
struct ConvolutionResult: Codable, Sendable {
  var network: String
  var width: Double
  var size: String
  var threads: Int
  /// The shape, such as `3×3 128→64 320×180 ↑2`.
  var shape: String
  /// The layers with this shape.
  var layers: [String]
  var algorithm: String
  /// Whether the engine's plan uses this algorithm; always false for the layers of a revision.
  var isPreferred: Bool
  /// The median in milliseconds.
  var ms: Double
  /// 10⁹ operations of direct convolution per second.
  var gflops: Double
  /// The same as a share of the processor's peak.
  var peakShare: Double
  /// The same as a share of the roofline.
  var rooflineShare: Double
  /// The time of im2col divided by this one; nil for depthwise and separable layers, which im2col does not support.
  var speedupOverIm2col: Double?
  /// The maximum difference from the reference output, divided by the maximum output. The reference is im2col if it
  /// supports the layer.
  var difference: Double
}

/// The object of `--json`.
struct KernelReport: Codable {
  var machine: Machine
  var rooflines: [Roofline] = []
  var convolutions: [ConvolutionResult] = []
}

/// Measures all algorithms on one shape.
struct LayerMeasurement {
  let network: NetworkChoice
  let size: FrameSize
  let layer: ConvolutionLayer
  let roofline: Roofline

  /// Returns a row for each of `kernels` that supports the layer, starting with the reference.
  func run(_ kernels: Set<LayerKernel>, pool: ComputePool, seconds: Double) -> [ConvolutionResult] {
    let (geometry, candidates) = (layer.geometry, layer.candidates)
    let chosen = candidates.filter { $0 == candidates.first || kernels.contains($0) }
    let runs = chosen.map { ConvolutionRun(geometry, kernel: $0, pool: pool) }
    let times = Timing.interleaved(runs.map { run in { run() } }, seconds: seconds).map(Statistics.median)
    let attainable = roofline.attainableGFLOPS(operations: layer.operations, bytes: layer.minimumBytes)
    return zip(runs, times).map { run, milliseconds in
      let gflops = layer.operations / milliseconds / 1e6
      return ConvolutionResult(
        network: network.definition.resultName, width: network.definition.width, size: "\(size)",
        threads: pool.threadCount,
        shape: geometry.text, layers: layer.names, algorithm: "\(run.kernel)",
        isPreferred: run.kernel == layer.kernel,
        ms: milliseconds.rounded(significantDigits: 4), gflops: gflops.rounded(significantDigits: 4),
        peakShare: (gflops / roofline.peakGFLOPS).rounded(significantDigits: 3),
        rooflineShare: (gflops / attainable).rounded(significantDigits: 3),
        speedupOverIm2col: chosen.first == .im2col ? (times[0] / milliseconds).rounded(significantDigits: 4) : nil,
        difference: run.difference(from: runs[0]).rounded(significantDigits: 2))
    }
  }
}
