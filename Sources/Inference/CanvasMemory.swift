import Kernels

/// The sizes of a frame and its canvas, and the passes between them.
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

  /// The number of luma values of the frame; 0 if no revision reads them.
  var lumaCount: Int { revision.channels > 0 ? FrameLuma.count(width: reduction.width, height: reduction.height) : 0 }
  /// The number of pixels of the canvas.
  var pixels: Int { canvasWidth * canvasHeight }
  /// The number of floats of the luma, the canvas, its luma and the draft.
  var floatCount: Int { lumaCount + 7 * pixels }
}

/// The memory that a plan keeps of a frame while it paints on the canvas. ``PlanMemory`` owns it.
struct CanvasMemory {
  /// The luma of the frame, floats or bytes; nil if nothing reads it. Bytes use only a quarter of the memory, and the
  /// rest is never touched.
  let luma: UnsafeMutableRawPointer?
  let lumaCount: Int
  /// RGB, `[canvasHeight, canvasWidth, 3]`.
  let canvas: UnsafeMutablePointer<Float>
  let canvasLuma: UnsafeMutablePointer<Float>
  /// The painted picture, in the layout of ``canvas``.
  let draft: UnsafeMutablePointer<Float>

  /// Returns the luma with values of the same type as those of `picture`.
  func luma(as picture: PictureInput.Storage) -> FrameLuma? {
    switch picture {
    case .bytes: luma.map { .bytes($0.bindMemory(to: UInt8.self, capacity: lumaCount)) }
    case .floats: luma.map { .floats($0.bindMemory(to: Float.self, capacity: lumaCount)) }
    }
  }
}
