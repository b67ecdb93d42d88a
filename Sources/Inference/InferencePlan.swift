import Kernels
import Networks
import Tensors
import Threading

/// A network compiled for one size: a list of kernel calls on memory that is assigned once.
///
/// Running it allocates nothing, and results do not depend on the number of threads.
final class InferencePlan {
  /// The greatest height and width.
  static let maximumExtent = 1 << 16

  /// Bytes of the plan's own memory.
  let byteCount: Int

  private let width: Int
  private let height: Int
  private let steps: [InferenceStep]
  private let names: [String]
  private let memory: PlanMemory
  private let scaling: PictureScaling
  private let paddingMap: PictureMap
  private let extensionMap: PictureMap
  /// Keeps the weights that the steps point to.
  private let tensors: [Tensor]

  /// Compiles `model` for pictures of `width` × `height`, extended at the right and the bottom.
  ///
  /// Throws ``InferenceError`` where the size is out of range, the network does not fit together, or its memory would
  /// exceed `memoryLimit` bytes; nothing is allocated before that is known.
  init(model: PreparedModel, width: Int, height: Int, threads: Int, memoryLimit: Int?) throws {
    guard (1...Self.maximumExtent).contains(width), (1...Self.maximumExtent).contains(height) else {
      throw InferenceError.unsupportedSize(width: width, height: height)
    }
    self.width = width
    self.height = height
    let multiple = max(1, model.definition.sizeMultiple)
    let extendedWidth = (width + multiple - 1) / multiple * multiple
    let extendedHeight = (height + multiple - 1) / multiple * multiple
    let network = try LoweredNetwork(model.definition, height: extendedHeight, width: extendedWidth)
    let requirements = PlanRequirements(network, width: width, height: height, threads: threads)
    byteCount = requirements.byteCount
    if let memoryLimit, byteCount > memoryLimit {
      throw InferenceError.insufficientMemory(width: width, height: height, needed: byteCount, available: memoryLimit)
    }
    var assembly = PlanAssembly(
      model: model, network: network, requirements: requirements, memory: PlanMemory(requirements))
    assembly.appendSmoothing()
    for step in network.steps { try assembly.append(step) }
    memory = assembly.memory
    steps = assembly.steps
    names = assembly.names
    tensors = assembly.tensors
    scaling = network.scaling
    let unpadded = ConvolutionGeometry(
      batch: 1, height: extendedHeight, width: extendedWidth, inputChannels: 3, outputChannels: 3, kernel: 1,
      padding: 0, paddingMode: .zeros)
    extensionMap = PictureMap(unpadded, width: width, height: height)
    paddingMap = PictureMap(assembly.pictureGeometry ?? unpadded, width: width, height: height)
  }

  /// Computes `output` from `input`, both of the plan's size.
  func run(_ input: PictureInput.Storage, into output: PictureOutput.Storage, pool: ComputePool) {
    let frame = frame(input, output, pool)
    for step in steps { step.run(frame) }
  }

  /// The same, with the time that each step took.
  func profile(_ input: PictureInput.Storage, into output: PictureOutput.Storage, pool: ComputePool) -> [StepTiming] {
    let frame = frame(input, output, pool)
    return zip(names, steps).map { name, step in
      let duration = ContinuousClock().measure { step.run(frame) }
      return StepTiming(name: name, seconds: duration / .seconds(1))
    }
  }

  /// Where the smoothing filter writes what it makes of `input`, as values of the same kind; `input` itself where there is no filter.
  private func smoothed(_ input: PictureInput.Storage) -> PictureInput.Storage {
    guard let smoothed = memory.smoothed else { return input }
    let count = 3 * width * height
    switch input {
    case .bytes: return .bytes(smoothed.bindMemory(to: UInt8.self, capacity: count), stride: 3 * width)
    case .floats: return .floats(smoothed.bindMemory(to: Float.self, capacity: count), stride: 3 * width)
    }
  }

  private func frame(_ input: PictureInput.Storage, _ output: PictureOutput.Storage, _ pool: ComputePool) -> PlanFrame {
    PlanFrame(
      source: input, input: PictureInput(smoothed(input), grain: memory.grain),
      output: PictureOutput(output, width: width, height: height),
      scaling: scaling,
      paddingMap: paddingMap, extensionMap: extensionMap, scratch: memory.scratch, pool: pool)
  }
}

/// How long one step of a plan took.
public struct StepTiming: Sendable {
  /// The layer's name, the kernel and the output's extents.
  public let name: String
  /// Wall-clock seconds.
  public let seconds: Double
}
