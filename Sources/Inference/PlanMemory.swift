import Kernels

/// The memory that a plan needs besides the model, computed before anything is allocated.
struct PlanRequirements {
  /// The placement of the activations.
  let layout: ArenaLayout
  /// The floats of scratch space: the maximum over all kernels.
  let scratchCount: Int
  /// The doubles for the sums of instance norms.
  let momentCount: Int
  /// The offsets of scale and shift of each norm in floats.
  let normOffsets: [Int: Int]
  /// The floats of all scales and shifts.
  let normCount: Int
  /// The frame around the canvas, if there is one.
  let canvas: CanvasRequirements?

  /// Computes the requirements of `plan` on a pool of `threads`.
  init(_ plan: LoweredPlan, threads: Int) {
    canvas = plan.canvas
    layout = ArenaLayout(plan.network.lives)
    scratchCount = plan.steps.map { $0.scratchCount(threads: threads) }.max() ?? 0
    momentCount = plan.steps.map(\.momentCount).max() ?? 0
    var normOffsets: [Int: Int] = [:]
    var normCount = 0
    for (node, channels) in plan.network.normChannels.sorted(by: { $0.key < $1.key }) {
      normOffsets[node] = normCount
      normCount += 2 * ActivationLayout.storedChannels(channels)
    }
    self.normOffsets = normOffsets
    self.normCount = normCount
  }

  /// The total number of bytes.
  var byteCount: Int {
    let floats = layout.count + scratchCount + normCount + (canvas?.floatCount ?? 0)
    return floats * MemoryLayout<Float>.stride + momentCount * MemoryLayout<Double>.stride
  }
}

/// The memory of a plan, which is freed with it.
final class PlanMemory {
  private static let alignment = 64

  let activations: UnsafeMutablePointer<Float>
  let scratch: UnsafeMutablePointer<Float>
  /// Scales and shifts.
  let norms: UnsafeMutablePointer<Float>
  let moments: UnsafeMutablePointer<Double>
  /// The data of the frame that is kept while the canvas is painted, if there is one.
  let canvas: CanvasMemory?

  /// Allocates the memory of `requirements`. Scratch is zeroed, and all other contents are undefined.
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
