import Kernels

/// What a plan needs beside the model: known before anything is allocated.
struct PlanRequirements {
  /// Where the activations lie.
  let layout: ArenaLayout
  /// Floats of scratch, of which the hungriest convolution decides.
  let scratchCount: Int
  /// Doubles for the sums of instance norms.
  let sumCount: Int
  /// The most channels that an instance norm has.
  let channelCount: Int

  init(_ network: LoweredNetwork, threads: Int) {
    layout = ArenaLayout(network.lives)
    var scratchCount = 0
    var sumCount = 0
    var channelCount = 0
    for step in network.steps {
      switch step {
      case .convolution(_, let geometry, _, _, _, _):
        scratchCount = max(scratchCount, Convolution2D(geometry).forwardScratchCount(threads: threads))
      case .instanceNorm(_, _, _, let input, _):
        let extent = network.extents[input]
        sumCount = max(
          sumCount, InstanceNorm.scratchCount(batch: 1, pixels: extent.pixels, channels: extent.channels))
        channelCount = max(channelCount, extent.channels)
      case .relu, .upsample, .add, .scaledTanh: break
      }
    }
    self.scratchCount = scratchCount
    self.sumCount = sumCount
    self.channelCount = channelCount
  }

  /// Bytes in all.
  var byteCount: Int {
    (layout.count + scratchCount + 2 * channelCount) * MemoryLayout<Float>.stride
      + sumCount * MemoryLayout<Double>.stride
  }
}

/// The memory of a plan; freed with it.
final class PlanMemory {
  private static let alignment = 64

  let activations: UnsafeMutablePointer<Float>
  let scratch: UnsafeMutablePointer<Float>
  let mean: UnsafeMutablePointer<Float>
  let inverseDeviation: UnsafeMutablePointer<Float>
  let sums: UnsafeMutablePointer<Double>

  /// Allocates what `requirements` ask for; the contents are undefined.
  init(_ requirements: PlanRequirements) {
    activations = Self.allocate(Float.self, requirements.layout.count)
    scratch = Self.allocate(Float.self, requirements.scratchCount)
    mean = Self.allocate(Float.self, requirements.channelCount)
    inverseDeviation = Self.allocate(Float.self, requirements.channelCount)
    sums = Self.allocate(Double.self, requirements.sumCount)
  }

  private static func allocate<Element>(_ type: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element> {
    UnsafeMutableRawPointer
      .allocate(byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: alignment)
      .bindMemory(to: type, capacity: count)
  }

  deinit {
    for pointer in [activations, scratch, mean, inverseDeviation] { UnsafeMutableRawPointer(pointer).deallocate() }
    UnsafeMutableRawPointer(sums).deallocate()
  }
}
