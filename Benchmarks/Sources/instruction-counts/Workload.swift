import Console
import Inference
import Kernels
import Measurement
import Networks
import TestSupport
import Threading

/// A piece of work whose instructions are counted: small, on one thread, the same in every run.
struct Workload: Sendable {
  let name: String
  private let makeWork: @Sendable (ComputePool) throws -> () throws -> Void

  /// The work, to be done as often as one likes.
  func prepare() throws -> () throws -> Void { try makeWork(ComputePool(threads: 1)) }

  /// Frames of whole networks, the way to a canvas and back without a draft between, and every convolution kernel on small shapes of the
  /// kinds that networks have.
  ///
  /// OpenBLAS is left out: which of its kernels runs depends on the processor.
  static let all: [Workload] =
    [
      frame("half", width: 64, height: 48), frame("quarter", width: 64, height: 48),
      frame("quality", width: 64, height: 48), frame("realtime", width: 64, height: 48),
      Workload(name: "canvas and revision 203x115") { pool in try frame(reduction, width: 203, height: 115, pool: pool)
      },
    ]
    + shapes.flatMap { shape in
      LayerKernel.allCases.filter { $0 != .im2col && $0.supports(shape) }.map { convolution(shape, $0) }
    }

  private static func frame(_ network: String, width: Int, height: Int) -> Workload {
    Workload(name: "frame \(network) \(width)x\(height)") { pool in
      try frame(NetworkChoice(network).definition, width: width, height: height, pool: pool)
    }
  }

  private static func frame(
    _ definition: NetworkDefinition, width: Int, height: Int, pool: ComputePool
  ) throws -> () throws -> Void {
    let engine = try StyleEngine(
      model: randomModel(definition, seed: 1), width: width, height: height, pool: pool)
    let frame = [UInt8](repeating: 100, count: 3 * width * height)
    var result = frame
    return {
      try engine.stylize(frame, sourceStride: 3 * width, into: &result, destinationStride: 3 * width)
    }
  }

  /// A film reduced to its canvas, enlarged and revised: what a network on a canvas does besides its draft.
  private static let reduction = NetworkDefinition(
    name: "canvas and revision",
    nodes: [
      Node(operation: .input, inputs: []), Node(operation: .canvas(lines: 64), inputs: [0]),
      Node(name: "revision", operation: .revision(channels: 8), inputs: [0, 1]),
    ])

  private static func convolution(_ shape: ConvolutionGeometry, _ kernel: LayerKernel) -> Workload {
    Workload(name: "\(kernel) \(shape.text)") { pool in
      let run = ConvolutionRun(shape, kernel: kernel, pool: pool)
      return { run() }
    }
  }

  /// The kinds of convolutions in the networks, on 48 × 36 pixels or less, with tails that are no whole tile.
  private static let shapes: [ConvolutionGeometry] = [
    geometry(from: 3, to: 16, kernel: 9), geometry(from: 16, to: 32, kernel: 3, stride: 2),
    geometry(from: 32, to: 32, kernel: 3), geometry(from: 32, to: 16, kernel: 3, upsampling: 2),
    geometry(from: 16, to: 3, kernel: 9), geometry(from: 32, to: 32, kernel: 1),
  ]

  private static func geometry(
    from inputChannels: Int, to outputChannels: Int, kernel: Int, stride: Int = 1, upsampling: Int = 1
  ) -> ConvolutionGeometry {
    ConvolutionGeometry(
      batch: 1, height: 36 / upsampling, width: 46 / upsampling, inputChannels: inputChannels,
      outputChannels: outputChannels, kernel: kernel, stride: stride, padding: kernel / 2, paddingMode: .reflect,
      upsampling: upsampling)
  }
}
