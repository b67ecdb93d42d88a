import Autograd
import Imaging
import Tensors
import Threading
import Training

/// Finds where in many pictures channels fire most.
///
/// Each picture counts once per channel, with its strongest neuron. Only the strongest patches stay in memory, so it
/// does not grow with the number of pictures.
package final class StrongestPatches {
  private let extractor: VGG16
  private let channels: [FeatureChannel]
  private let last: VGG16Activation?
  private let count: Int
  private let pool: ComputePool
  private let allocator = TensorAllocator()
  /// The strongest patches of each channel, the strongest first.
  private var found: [FeatureChannel: [UnitPatch]] = [:]

  /// Creates a search for the `count` strongest patches of each of `channels`.
  package init(extractor: VGG16, channels: [FeatureChannel], count: Int = 9, pool: ComputePool) {
    self.extractor = extractor
    self.channels = channels
    self.count = count
    self.pool = pool
    last = channels.map(\.layer).max()
  }

  /// Returns the strongest patches of `channel` so far, the strongest first. Neurons that do not fire are left out.
  package func patches(of channel: FeatureChannel) -> [UnitPatch] { found[channel] ?? [] }

  /// Looks through a picture, of at least ``VGG16/minimumExtent`` pixels on each side.
  package func add(_ picture: Picture, name: String) {
    guard let last else { return }
    let tape = Tape(pool: pool, allocator: allocator)
    extractor.forEachActivation(of: Variable(picture.tensor()), upTo: last, on: tape) { layer, features in
      for channel in channels where channel.layer == layer {
        let strongest = FeatureMap(features.value, channel: channel.index).strongest
        guard strongest.value > 0, isAmongStrongest(strongest.value, channel) else { continue }
        insert(
          UnitPatch(
            channel: channel, value: strongest.value, row: strongest.row, column: strongest.column, of: picture,
            source: name))
      }
    }
  }

  private func isAmongStrongest(_ value: Float, _ channel: FeatureChannel) -> Bool {
    let patches = patches(of: channel)
    return patches.count < count || value > (patches.last?.value ?? 0)
  }

  /// Inserts `patch` behind those of the same value, so that the order of the pictures decides.
  private func insert(_ patch: UnitPatch) {
    var patches = patches(of: patch.channel)
    let place = patches.firstIndex { $0.value < patch.value } ?? patches.count
    patches.insert(patch, at: place)
    found[patch.channel] = Array(patches.prefix(count))
  }
}
