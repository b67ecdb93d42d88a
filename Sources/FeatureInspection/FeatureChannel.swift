import Training

/// A channel of a layer of VGG-16: all neurons with the same filter. Written as `relu3_3:107`.
package struct FeatureChannel: Hashable, Sendable, CustomStringConvertible {
  /// The layer.
  package let layer: VGG16Activation
  /// The place among the layer's channels, from 0.
  package let index: Int

  /// Creates a channel. The index is one of the layer's.
  init(layer: VGG16Activation, index: Int) {
    self.layer = layer
    self.index = index
  }

  /// Reads a text such as `relu3_3:107`.
  ///
  /// - Throws: ``InspectionError`` that names what is known, if there is no such layer or channel.
  package init(_ text: String) throws(InspectionError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw .malformedChannel(found: text) }
    layer = try VGG16Activation(known: String(parts[0]))
    guard let index = Int(parts[1]), (0..<layer.channels).contains(index) else {
      throw .unknownChannel(found: String(parts[1]), layer: layer.name, count: layer.channels)
    }
    self.index = index
  }

  /// The text that ``init(_:)`` reads.
  package var description: String { "\(layer.name):\(index)" }
}

extension VGG16Activation {
  /// Finds the layer with a name such as `relu3_3`.
  ///
  /// - Throws: ``InspectionError/unknownLayer(found:known:)`` if there is none.
  package init(known name: String) throws(InspectionError) {
    guard let layer = VGG16Activation(name: name) else { throw .unknownLayer(found: name, known: Self.all.map(\.name)) }
    self = layer
  }
}
