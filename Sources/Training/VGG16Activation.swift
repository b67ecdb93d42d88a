/// The output of a convolution of VGG-16 behind its ReLU, such as `relu3_3`.
///
/// These are all layers of ``VGG16``. The losses use those in ``VGG16Layer``.
package struct VGG16Activation: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The place among all convolutions, from 0.
  package let index: Int
  /// The block of convolutions, from 0, which is also the number of poolings before it.
  package let block: Int
  /// The place in the block, from 0.
  let position: Int
  /// The number of channels.
  package let channels: Int
  /// The pixels that a neuron sees.
  package let receptiveField: ReceptiveField

  /// All layers, from the first to the last.
  package static let all: [VGG16Activation] = {
    var layers: [VGG16Activation] = []
    var field = ReceptiveField()
    for (block, channelsOfBlock) in VGG16.blocks.enumerated() {
      if block > 0 { field = field.pooled() }
      for (position, channels) in channelsOfBlock.enumerated() {
        field = field.convolved(kernel: 3)
        layers.append(
          VGG16Activation(
            index: layers.count, block: block, position: position, channels: channels, receptiveField: field))
      }
    }
    return layers
  }()

  private init(index: Int, block: Int, position: Int, channels: Int, receptiveField: ReceptiveField) {
    self.index = index
    self.block = block
    self.position = position
    self.channels = channels
    self.receptiveField = receptiveField
  }

  /// Finds the layer with a name such as `relu3_3`; nil if there is none.
  package init?(name: String) {
    guard let layer = Self.all.first(where: { $0.name == name }) else { return nil }
    self = layer
  }

  /// The name of the layer in the literature.
  package var name: String { "relu\(block + 1)_\(position + 1)" }
  /// The name.
  package var description: String { name }

  /// The last layers of the blocks before this layer's, and this layer: one of each scale.
  package var oneOfEachBlock: [VGG16Activation] {
    Self.all.filter { layer in
      layer == self || layer.block < block && layer.position == VGG16.blocks[layer.block].count - 1
    }
  }

  package static func < (first: VGG16Activation, second: VGG16Activation) -> Bool { first.index < second.index }
}
