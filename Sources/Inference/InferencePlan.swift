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
  /// The extents of what is painted: the canvas, or the picture where there is none.
  private let paintedWidth: Int
  private let paintedHeight: Int
  private let steps: [InferenceStep]
  private let names: [String]
  private let memory: PlanMemory
  private let scaling: PictureScaling
  private let paddingMap: PictureMap
  private let extensionMap: PictureMap
  /// Keeps the weights that the steps point to.
  private let tensors: [Tensor]

  /// Compiles `model` for pictures of `width` × `height`, extended at the right and the bottom; on a canvas of `canvasLines` where the
  /// network has a canvas and these are given.
  ///
  /// Throws ``InferenceError`` where the size or the canvas is out of range or its memory would exceed `memoryLimit` bytes, and
  /// `ModelError` where the network does not fit together; nothing is allocated before that is known.
  init(model: PreparedModel, width: Int, height: Int, canvasLines: Int?, threads: Int, memoryLimit: Int?) throws {
    guard (1...Self.maximumExtent).contains(width), (1...Self.maximumExtent).contains(height) else {
      throw InferenceError.unsupportedSize(width: width, height: height)
    }
    self.width = width
    self.height = height
    let definition = try Self.definition(model.definition, canvasLines: canvasLines)
    let painted = definition.canvasExtents(height: height, width: width)
    (paintedWidth, paintedHeight) = (painted.width, painted.height)
    let multiple = max(1, definition.sizeMultiple)
    let extendedWidth = (painted.width + multiple - 1) / multiple * multiple
    let extendedHeight = (painted.height + multiple - 1) / multiple * multiple
    // A film of any extents has a canvas; where there is none, the picture is extended.
    let network =
      definition.canvasLines == nil
      ? try LoweredNetwork(definition, height: extendedHeight, width: extendedWidth)
      : try LoweredNetwork(definition, height: height, width: width)
    let canvas = network.revision.map { revision in
      CanvasRequirements(
        width: width, height: height, canvasWidth: painted.width, canvasHeight: painted.height,
        channels: revision.channels)
    }
    let requirements = PlanRequirements(network, canvas: canvas, threads: threads)
    byteCount = requirements.byteCount
    if let memoryLimit, byteCount > memoryLimit {
      throw InferenceError.insufficientMemory(width: width, height: height, needed: byteCount, available: memoryLimit)
    }
    var assembly = PlanAssembly(
      model: model, network: network, requirements: requirements, memory: PlanMemory(requirements))
    assembly.appendReduction()
    for step in network.steps { try assembly.append(step) }
    try assembly.appendRevision()
    memory = assembly.memory
    steps = assembly.steps
    names = assembly.names
    tensors = assembly.tensors
    scaling = network.scaling
    let unpadded = ConvolutionGeometry(
      batch: 1, height: extendedHeight, width: extendedWidth, inputChannels: 3, outputChannels: 3, kernel: 1,
      padding: 0, paddingMode: .zeros)
    extensionMap = PictureMap(unpadded, width: painted.width, height: painted.height)
    paddingMap = PictureMap(assembly.pictureGeometry ?? unpadded, width: painted.width, height: painted.height)
  }

  /// `definition` on another canvas, where it has one and lines are given.
  private static func definition(_ definition: NetworkDefinition, canvasLines: Int?) throws -> NetworkDefinition {
    guard let lines = canvasLines, definition.canvasLines != nil else { return definition }
    guard Canvas.lines.contains(lines) else { throw InferenceError.unsupportedCanvas(lines: lines) }
    return try definition.withCanvas(lines: lines)
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

  private func frame(_ input: PictureInput.Storage, _ output: PictureOutput.Storage, _ pool: ComputePool) -> PlanFrame {
    let source = memory.canvas.map { .floats($0.canvas, stride: 3 * paintedWidth) } ?? input
    let target = memory.canvas.map { .floats($0.draft, stride: 3 * paintedWidth) } ?? output
    return PlanFrame(
      film: input, filmOutput: PictureOutput(output, width: width, height: height), input: PictureInput(source),
      output: PictureOutput(target, width: paintedWidth, height: paintedHeight), scaling: scaling,
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
