import Autograd
import Imaging
import Tensors
import Threading
import Training

/// How a layer responds to a picture.
package struct LayerResponse: Sendable {
  /// The layer.
  package let layer: VGG16Activation
  /// The rows of each map.
  package let height: Int
  /// The columns of each map.
  package let width: Int
  /// The channels that respond most, the strongest first.
  package let channels: [ChannelResponse]
}

/// How a channel responds to a picture.
package struct ChannelResponse: Sendable {
  /// The channel.
  package let channel: FeatureChannel
  /// The values of its neurons.
  package let map: FeatureMap
  /// The mean of the values.
  package let mean: Float
  /// The neuron that fires most, and what it sees.
  package let strongest: UnitPatch
}

extension LayerResponse {
  /// Returns the responses of `layers` to a picture: of each, the `count` channels with the largest mean.
  ///
  /// - Parameters:
  ///   - picture: At least ``VGG16/minimumExtent`` pixels on each side.
  ///   - name: The name of the picture.
  ///   - progress: Called after each of the layers with their number so far.
  package static func all(
    of picture: Picture, name: String, layers: [VGG16Activation] = VGG16Activation.all, count: Int,
    extractor: VGG16, pool: ComputePool, progress: (_ layers: Int) -> Void = { _ in }
  ) -> [LayerResponse] {
    guard let last = layers.max() else { return [] }
    var responses: [LayerResponse] = []
    let tape = Tape(pool: pool, allocator: TensorAllocator())
    extractor.forEachActivation(of: Variable(picture.tensor()), upTo: last, on: tape) { layer, features in
      guard layers.contains(layer) else { return }
      let means = features.value.channelMeans { $0 }
      let channels = means.strongest(count).map { index -> ChannelResponse in
        let channel = FeatureChannel(layer: layer, index: index)
        let map = FeatureMap(features.value, channel: index)
        let strongest = map.strongest
        return ChannelResponse(
          channel: channel, map: map, mean: Float(means[index]),
          strongest: UnitPatch(
            channel: channel, value: strongest.value, row: strongest.row, column: strongest.column, of: picture,
            source: name))
      }
      let shape = features.value.shape
      responses.append(LayerResponse(layer: layer, height: shape.height, width: shape.width, channels: channels))
      progress(responses.count)
    }
    return responses
  }
}

extension Tensor {
  /// Returns the mean of `measure` of each value over the pixels of features `[1, H, W, C]`, for each channel.
  func channelMeans(_ measure: (Float) -> Float) -> [Double] {
    let channels = shape.channels
    var sums = [Double](repeating: 0, count: channels)
    let values = buffer
    for pixel in 0..<count / max(channels, 1) {
      for channel in 0..<channels { sums[channel] += Double(measure(values[pixel * channels + channel])) }
    }
    return sums.map { $0 * Double(channels) / Double(max(count, 1)) }
  }
}

extension [Double] {
  /// Returns the indices of the `count` largest values, the largest first; of equal ones the first comes first.
  func strongest(_ count: Int) -> [Int] {
    Array<Int>(indices.sorted { self[$0] != self[$1] ? self[$0] > self[$1] : $0 < $1 }.prefix(count))
  }
}
