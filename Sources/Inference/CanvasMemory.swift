import Kernels

/// The extents of a film and its canvas, and the passes between them.
struct CanvasRequirements {
  let reduction: CanvasReduction
  let revision: RevisionPass
  let canvasWidth: Int
  let canvasHeight: Int

  init(width: Int, height: Int, canvasWidth: Int, canvasHeight: Int, channels: Int) {
    reduction = CanvasReduction(width: width, height: height, canvasWidth: canvasWidth, canvasHeight: canvasHeight)
    revision = RevisionPass(
      width: width, height: height, canvasWidth: canvasWidth, canvasHeight: canvasHeight, channels: channels)
    self.canvasWidth = canvasWidth
    self.canvasHeight = canvasHeight
  }

  /// Values of the film's luma; none where no revision reads it.
  var lumaCount: Int { revision.channels > 0 ? FilmLuma.count(width: reduction.width, height: reduction.height) : 0 }
  /// Pixels of the canvas.
  var pixels: Int { canvasWidth * canvasHeight }
  /// Floats of the luma, the canvas, its luma and the draft.
  var floatCount: Int { lumaCount + 7 * pixels }
}

/// What a plan keeps of a film while it paints on the canvas; ``PlanMemory`` owns it.
struct CanvasMemory {
  /// The film's luma, floats or bytes; where they are bytes, three quarters of the memory are never touched. Nil where nothing reads it.
  let luma: UnsafeMutableRawPointer?
  let lumaCount: Int
  /// RGB, `[canvasHeight, canvasWidth, 3]`.
  let canvas: UnsafeMutablePointer<Float>
  let canvasLuma: UnsafeMutablePointer<Float>
  /// What is painted, as ``canvas``.
  let draft: UnsafeMutablePointer<Float>

  /// The luma as values of the kind of `picture`.
  func luma(as picture: PictureInput.Storage) -> FilmLuma? {
    switch picture {
    case .bytes: luma.map { .bytes($0.bindMemory(to: UInt8.self, capacity: lumaCount)) }
    case .floats: luma.map { .floats($0.bindMemory(to: Float.self, capacity: lumaCount)) }
    }
  }
}
