import Console
import Inference
import Kernels
import Measurement
import Networks
import TestSupport
import Threading

/// Work whose instructions are counted: small, on one thread, and the same in every run.
struct Workload: Sendable {
  let name: String
  private let makeWork: @Sendable (ComputePool) throws -> () throws -> Void

  /// Prepares the work and returns it. It can be done any number of times.
  func prepare() throws -> () throws -> Void { try makeWork(ComputePool(threads: 1)) }

  /// Frames of whole networks, the canvas passes without a draft, and every convolution kernel on the first layer for
  /// which an engine uses it.
  ///
  /// OpenBLAS is excluded: its kernel depends on the processor.
  static let all: [Workload] =
    networks.map { frame($0, width: 64, height: 48) }
    + [
      Workload(name: "canvas and revision 203x115") { pool in try frame(reduction, width: 203, height: 115, pool: pool)
      }
    ]
    + kernels

  /// Every network with a name, except `johnson`, whose frame takes the same steps as those of its fractions.
  private static let networks = NetworkDefinition.names.filter { $0 != "johnson" }

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

  /// The canvas passes: a frame is reduced to its canvas, enlarged and revised, without a draft.
  private static let reduction = NetworkDefinition(
    name: "canvas and revision",
    nodes: [
      Node(operation: .input, inputs: []), Node(operation: .canvas(lines: 64), inputs: [0]),
      Node(name: "revision", operation: .revision(channels: 8), inputs: [0, 1]),
    ])

  /// Each kernel in the plans of ``KernelNetworks``.
  private static var kernels: [Workload] {
    let layers = KernelNetworks.all.map { network in
      Result { try ConvolutionLayer.all(of: network, height: KernelNetworks.height, width: KernelNetworks.width) }
    }
    var known: Set<LayerKernel> = []
    return layers.flatMap { layers -> [Workload] in
      switch layers {
      case .failure(let error): [Workload(name: "kernels") { _ in throw error }]
      case .success(let layers):
        layers.compactMap { layer in
          guard let kernel = layer.kernel, known.insert(kernel).inserted else { return nil }
          return Workload(name: "\(kernel) \(layer.geometry.text)") { pool in
            let run = ConvolutionRun(layer.geometry, kernel: kernel, pool: pool)
            return { run() }
          }
        }
      }
    }
  }
}
