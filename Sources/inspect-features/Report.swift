import FeatureInspection
import Training

/// What `--json` prints.
struct Report: Encodable {
  /// A layer of VGG-16 and its strongest channels.
  struct Layer: Encodable {
    var layer: String
    var channels: [Channel]

    init(_ response: LayerResponse) {
      layer = response.layer.name
      channels = response.channels.map {
        Channel(channel: $0.channel.index, mean: $0.mean, strongest: Patch($0.strongest))
      }
    }
  }

  /// A channel and its strongest neuron.
  struct Channel: Encodable {
    var channel: Int
    var mean: Float
    var strongest: Patch
  }

  /// A neuron and the pixels that it sees, in the picture as the network sees it.
  struct Patch: Encodable {
    var value: Float
    var picture: String
    var x: Int
    var y: Int
    var width: Int
    var height: Int

    init(_ patch: UnitPatch) {
      value = patch.value
      picture = patch.source
      (x, y) = (patch.columns.lowerBound, patch.rows.lowerBound)
      (width, height) = (patch.columns.count, patch.rows.count)
    }
  }

  /// The loss that is left of a reconstruction.
  struct Reconstruction: Encodable {
    var layer: String
    var target: String
    var loss: Double
  }

  /// A stage of a style's network.
  struct Stage: Encodable {
    /// A channel: its mean magnitude, and that of what it paints in levels of 255.
    struct Channel: Encodable {
      var channel: Int
      var mean: Float
      var paints: Float
    }

    var stage: String
    var isResidual: Bool
    var channels: [Channel]

    init(_ stage: NetworkInspection.Stage) {
      self.stage = stage.name
      isResidual = stage.isResidual
      channels = stage.channels.map { Channel(channel: $0.index, mean: $0.mean, paints: $0.strength) }
    }
  }

  var output = ""
  var html: String?
  var seconds = 0.0
  var peakMemoryMB = 0.0
  var layers: [Layer]?
  var patches: [Patch]?
  /// The number of pictures that were searched.
  var pictures: Int?
  var maximized: [String]?
  var reconstructions: [Reconstruction]?
  var stages: [Stage]?
}
