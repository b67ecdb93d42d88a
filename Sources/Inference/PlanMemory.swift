import Glibc
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
  /// All that is to be freed.
  private let blocks: MemoryBlocks

  /// Allocates the memory of `requirements`. Scratch is zeroed, and all other contents are undefined.
  ///
  /// Returns nil if the system refuses, as it may in spite of all checks: others take memory, too.
  init?(_ requirements: PlanRequirements) {
    let blocks = MemoryBlocks(alignment: Self.alignment)
    guard let activations = blocks.allocate(Float.self, requirements.layout.count),
      let scratch = blocks.allocate(Float.self, requirements.scratchCount),
      let norms = blocks.allocate(Float.self, requirements.normCount),
      let moments = blocks.allocate(Double.self, requirements.momentCount)
    else { return nil }
    scratch.update(repeating: 0, count: requirements.scratchCount)
    if let canvas = requirements.canvas {
      guard let luma = blocks.allocate(Float.self, canvas.lumaCount),
        let picture = blocks.allocate(Float.self, 3 * canvas.pixels),
        let canvasLuma = blocks.allocate(Float.self, canvas.pixels),
        let draft = blocks.allocate(Float.self, 3 * canvas.pixels)
      else { return nil }
      self.canvas = CanvasMemory(
        luma: canvas.lumaCount > 0 ? UnsafeMutableRawPointer(luma) : nil, lumaCount: canvas.lumaCount, canvas: picture,
        canvasLuma: canvasLuma, draft: draft)
    } else {
      canvas = nil
    }
    (self.activations, self.scratch, self.norms, self.moments) = (activations, scratch, norms, moments)
    self.blocks = blocks
  }
}

/// Blocks of memory that are freed with this object.
private final class MemoryBlocks {
  private let alignment: Int
  private var blocks: [UnsafeMutableRawPointer] = []

  init(alignment: Int) { self.alignment = alignment }

  /// Returns a block of `count` elements, or nil if the system refuses. Swift's own allocation would end the process.
  func allocate<Element>(_ type: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element>? {
    var block: UnsafeMutableRawPointer?
    guard posix_memalign(&block, alignment, max(count, 1) * MemoryLayout<Element>.stride) == 0, let block else {
      return nil
    }
    blocks.append(block)
    return block.bindMemory(to: type, capacity: count)
  }

  deinit { for block in blocks { free(block) } }
}
