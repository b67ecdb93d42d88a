import Kernels
import Networks

/// A network and the passes to and from its canvas as steps for pictures of one size, computed before anything is
/// allocated.
struct LoweredPlan {
  /// The maximum height and width.
  static let maximumExtent = 1 << 16

  /// The width of the pictures.
  let width: Int
  let height: Int
  /// The width of the painted picture: the canvas, or the picture if there is none.
  let paintedWidth: Int
  let paintedHeight: Int
  let network: LoweredNetwork
  /// The frame around the canvas, if there is one.
  let canvas: CanvasRequirements?
  let steps: [any PlanStep]

  /// Lowers `definition` for pictures of `width` × `height`, extended at the right and bottom edges. `canvasLines`
  /// replaces the lines of the canvas if the network has one.
  ///
  /// - Throws: ``InferenceError`` if the size or the canvas is out of range, `ModelError` if the nodes do not fit
  ///   together.
  init(_ definition: NetworkDefinition, width: Int, height: Int, canvasLines: Int?) throws {
    guard (1...Self.maximumExtent).contains(width), (1...Self.maximumExtent).contains(height) else {
      throw InferenceError.unsupportedSize(width: width, height: height)
    }
    let definition = try Self.definition(definition, canvasLines: canvasLines)
    let painted = definition.canvasExtents(height: height, width: width)
    let multiple = max(1, definition.sizeMultiple)
    func extended(_ extent: Int) -> Int { (extent + multiple - 1) / multiple * multiple }
    // A frame of any size can be reduced to a canvas. Without a canvas, the picture is extended.
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

  /// Returns `definition` on another canvas if it has one and lines are given.
  private static func definition(_ definition: NetworkDefinition, canvasLines: Int?) throws -> NetworkDefinition {
    guard let lines = canvasLines, definition.canvasLines != nil else { return definition }
    guard Canvas.lines.contains(lines) else { throw InferenceError.unsupportedCanvas(lines: lines) }
    return try definition.withCanvas(lines: lines)
  }
}
