import Kernels

/// What a plan needs beside the model: known before anything is allocated.
struct PlanRequirements {
  /// Where the activations lie.
  let layout: ArenaLayout
  /// Floats of scratch, of which the hungriest kernel decides.
  let scratchCount: Int
  /// Doubles for the sums of instance norms.
  let momentCount: Int
  /// Where scale and shift of each norm begin, in floats.
  let normOffsets: [Int: Int]
  /// Floats of all scales and shifts.
  let normCount: Int
  /// The film around the canvas, if there is one.
  let canvas: CanvasRequirements?

  /// What `plan` needs on a pool of `threads`.
  init(_ plan: LoweredPlan, threads: Int) {
    canvas = plan.canvas
    layout = ArenaLayout(plan.network.lives)
    scratchCount = plan.steps.map { $0.scratchCount(threads: threads) }.max() ?? 0
    momentCount = plan.steps.map(\.momentCount).max() ?? 0
    var normOffsets: [Int: Int] = [:]
    var normCount = 0
    for (node, channels) in plan.network.normChannels.sorted(by: { $0.key < $1.key }) {
      normOffsets[node] = normCount
      normCount += 2 * Self.stored(channels)
    }
    self.normOffsets = normOffsets
    self.normCount = normCount
  }

  private static func stored(_ channels: Int) -> Int { (channels + 7) / 8 * 8 }

  /// Bytes in all.
  var byteCount: Int {
    let floats = layout.count + scratchCount + normCount + (canvas?.floatCount ?? 0)
    return floats * MemoryLayout<Float>.stride + momentCount * MemoryLayout<Double>.stride
  }
}

/// The memory of a plan; freed with it.
final class PlanMemory {
  private static let alignment = 64

  let activations: UnsafeMutablePointer<Float>
  let scratch: UnsafeMutablePointer<Float>
  /// Scales and shifts.
  let norms: UnsafeMutablePointer<Float>
  let moments: UnsafeMutablePointer<Double>
  /// What is kept of the film while the canvas is painted, if there is one.
  let canvas: CanvasMemory?

  /// Allocates what `requirements` ask for; the contents are undefined but for scratch, which begins as zeros.
  init(_ requirements: PlanRequirements) {
    activations = Self.allocate(Float.self, requirements.layout.count)
    scratch = Self.allocate(Float.self, requirements.scratchCount)
    scratch.update(repeating: 0, count: requirements.scratchCount)
    norms = Self.allocate(Float.self, requirements.normCount)
    moments = Self.allocate(Double.self, requirements.momentCount)
    canvas = requirements.canvas.map { canvas in
      CanvasMemory(
        luma: canvas.lumaCount > 0 ? UnsafeMutableRawPointer(Self.allocate(Float.self, canvas.lumaCount)) : nil,
        lumaCount: canvas.lumaCount, canvas: Self.allocate(Float.self, 3 * canvas.pixels),
        canvasLuma: Self.allocate(Float.self, canvas.pixels), draft: Self.allocate(Float.self, 3 * canvas.pixels))
    }
  }

  private static func allocate<Element>(_ type: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element> {
    UnsafeMutableRawPointer
      .allocate(byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: alignment)
      .bindMemory(to: type, capacity: count)
  }

  deinit {
    for pointer in [activations, scratch, norms] { UnsafeMutableRawPointer(pointer).deallocate() }
    UnsafeMutableRawPointer(moments).deallocate()
    if let canvas {
      canvas.luma?.deallocate()
      for pointer in [canvas.canvas, canvas.canvasLuma, canvas.draft] { UnsafeMutableRawPointer(pointer).deallocate() }
    }
  }
}
