import Kernels
import Networks

/// A network and the way to its canvas and back, as steps for pictures of one size: known before anything is allocated.
struct LoweredPlan {
  /// The greatest height and width.
  static let maximumExtent = 1 << 16

  /// The pictures' extents.
  let width: Int
  let height: Int
  /// The extents of what is painted: the canvas, or the picture where there is none.
  let paintedWidth: Int
  let paintedHeight: Int
  let network: LoweredNetwork
  /// The film around the canvas, if there is one.
  let canvas: CanvasRequirements?
  let steps: [any PlanStep]

  /// Lowers `definition` for pictures of `width` × `height`, extended at the right and the bottom; on a canvas of `canvasLines` where the
  /// network has a canvas and these are given.
  ///
  /// Throws ``InferenceError`` where the size or the canvas is out of range, and `ModelError` where the network does not fit together.
  init(_ definition: NetworkDefinition, width: Int, height: Int, canvasLines: Int?) throws {
    guard (1...Self.maximumExtent).contains(width), (1...Self.maximumExtent).contains(height) else {
      throw InferenceError.unsupportedSize(width: width, height: height)
    }
    let definition = try Self.definition(definition, canvasLines: canvasLines)
    let painted = definition.canvasExtents(height: height, width: width)
    let multiple = max(1, definition.sizeMultiple)
    func extended(_ extent: Int) -> Int { (extent + multiple - 1) / multiple * multiple }
    // A film of any extents has a canvas; where there is none, the picture is extended.
    let network =
      definition.canvasLines == nil
      ? try LoweredNetwork(definition, height: extended(height), width: extended(width))
      : try LoweredNetwork(definition, height: height, width: width)
    (self.width, self.height, paintedWidth, paintedHeight) = (width, height, painted.width, painted.height)
    self.network = network
    guard let revision = network.revision else {
      (canvas, steps) = (nil, network.steps)
      return
    }
    let canvas = CanvasRequirements(
      width: width, height: height, canvasWidth: painted.width, canvasHeight: painted.height,
      channels: revision.channels)
    self.canvas = canvas
    steps = [ReductionStep(canvas: canvas)] + network.steps + [RevisionStep(canvas: canvas, revision: revision)]
  }

  /// `definition` on another canvas, where it has one and lines are given.
  private static func definition(_ definition: NetworkDefinition, canvasLines: Int?) throws -> NetworkDefinition {
    guard let lines = canvasLines, definition.canvasLines != nil else { return definition }
    guard Canvas.lines.contains(lines) else { throw InferenceError.unsupportedCanvas(lines: lines) }
    return try definition.withCanvas(lines: lines)
  }
}
