import Imaging
import Kernels
import Networks
import Training

/// Arranges what was found as grids and pages.
package enum InspectionLayout {
  /// The width of a channel's map in grids, in pixels.
  private static let cellWidth = 168
  /// The side of a patch in grids, in pixels.
  private static let patchSide = 140

  // MARK: VGG-16

  /// What the layers of each block look for, as the literature describes and as these pictures show.
  private static func summary(_ layer: VGG16Activation) -> String {
    switch layer.block {
    case 0: "edges, lines and colours"
    case 1: "corners, and simple textures"
    case 2: "textures and patterns"
    default: "larger patterns and parts of objects"
    }
  }

  private static func heading(_ response: LayerResponse) -> String {
    let side = response.layer.receptiveField.size
    return
      "\(response.layer.name): \(response.layer.channels) channels of \(response.width)×\(response.height) neurons, "
      + "each sees \(side)×\(side) pixels"
  }

  /// Returns a grid of the responses: for each layer the maps, and below each what made its strongest neuron fire.
  ///
  /// - Parameter projections: What made the strongest neuron of each channel fire.
  package static func grid(
    photo: Picture, _ responses: [LayerResponse], _ projections: [FeatureChannel: Picture]
  ) -> LabelledGrid {
    let width = 2 * cellWidth
    let reduced = photo.resized(width: width, height: max(1, width * photo.height / photo.width))
    var rows = [LabelledGrid.Row("the picture", [.init(reduced)])]
    for response in responses {
      rows.append(
        .init(
          heading(response),
          response.channels.map {
            .init($0.map.picture.magnified(width: cellWidth), "\($0.channel.index)  mean \(short($0.mean))")
          }))
      rows.append(
        .init(
          "",
          response.channels.map { channel in
            .init(sideBySide(channel.strongest.picture, projections[channel.channel], side: cellWidth / 2 - 1))
          }))
    }
    return LabelledGrid(rows: rows)
  }

  /// Returns the page of the responses.
  package static func page(
    photo: Picture, name: String, _ responses: [LayerResponse], _ projections: [FeatureChannel: Picture],
    _ rule: RectifierGradient
  ) -> InspectionPage {
    InspectionPage(
      title: "What VGG-16 looks for in \(name)",
      introduction: """
        A recognition network is a chain of layers. Each layer has channels, and each channel looks for one thing \
        everywhere in the picture: where it finds it, its map is bright. These are the channels of each layer that \
        respond most to this picture. Below each map is what in the picture made the strongest neuron fire \
        (\(ruleName(rule))).
        """,
      photo: photo,
      sections: responses.map { response in
        InspectionPage.Section(
          name: response.layer.name,
          text: """
            \(response.layer.channels) channels of \(response.width)×\(response.height) neurons. Each neuron sees \
            \(response.layer.receptiveField.size)×\(response.layer.receptiveField.size) pixels. Layers of this block look for \
            \(summary(response.layer)).
            """,
          channels: response.channels.map { channel in
            let patch = channel.strongest
            return InspectionPage.Channel(
              name: "channel \(channel.channel.index)",
              detail: "mean \(short(channel.mean)), largest \(short(patch.value))",
              map: channel.map.picture,
              explanation: (
                sideBySide(patch.picture, projections[channel.channel], side: max(48, min(patch.rows.count, 96))),
                "The strongest neuron sees the left picture; the right one is what in it made the neuron fire"
              ))
          })
      })
  }

  /// Returns a grid of the strongest patches of a channel, three in a row, each beside what made it fire.
  package static func grid(
    _ channel: FeatureChannel, _ patches: [(patch: UnitPatch, projection: Picture)], _ rule: RectifierGradient
  ) -> LabelledGrid {
    let side = channel.layer.receptiveField.size
    let cells = patches.map { patch, projection in
      LabelledGrid.Cell(
        sideBySide(patch.picture, projection, side: patchSide),
        "\(short(patch.value)) \(patch.source)")
    }
    let rows = stride(from: 0, to: cells.count, by: 3).map { first in
      LabelledGrid.Row(
        first == 0 ? "\(channel) sees \(side)×\(side) pixels. Right: \(shortName(rule))" : "",
        Array(cells[first..<min(first + 3, cells.count)]))
    }
    return LabelledGrid(rows: rows)
  }

  private static func shortName(_ rule: RectifierGradient) -> String {
    switch rule {
    case .exact: "gradient"
    case .deconvolution: "deconvolution"
    case .guided: "guided backpropagation"
    }
  }

  /// The name and the source of a rule.
  private static func ruleName(_ rule: RectifierGradient) -> String {
    switch rule {
    case .exact: "the gradient, Simonyan et al. 2013"
    case .deconvolution: "deconvolution, Zeiler and Fergus 2013"
    case .guided: "guided backpropagation, Springenberg et al. 2014"
    }
  }

  /// Returns two pictures of the same size beside each other, each enlarged to fit a white square of `side`.
  private static func sideBySide(_ left: Picture, _ right: Picture?, side: Int) -> Picture {
    func fitted(_ picture: Picture) -> Picture {
      let long = max(picture.width, picture.height)
      let filter: ResamplingFilter = long * 3 < side ? .box : .bicubic
      return picture.resized(
        width: max(1, picture.width * side / long), height: max(1, picture.height * side / long), filter: filter)
    }
    var result = Picture(width: 2 * side + 2, height: side, red: 255, green: 255, blue: 255)
    result.paste(fitted(left), x: 0, y: 0)
    if let right { result.paste(fitted(right), x: side + 2, y: 0) }
    return result
  }

  // MARK: The network of a style

  private static func heading(_ stage: NetworkInspection.Stage) -> String {
    "\(stage.name): \(stage.channelCount) channels of \(stage.width)×\(stage.height)"
      + (stage.isResidual ? ", what the block adds (red more, blue less)" : "")
  }

  private static func map(of channel: NetworkInspection.Channel, in stage: NetworkInspection.Stage) -> Picture {
    stage.isResidual ? channel.map.signedPicture : channel.map.picture
  }

  /// Returns a grid of the stages: for each the maps, and below each what the channel paints.
  package static func grid(_ inspection: NetworkInspection, style: String) -> LabelledGrid {
    func cell(_ picture: Picture, _ caption: String) -> LabelledGrid.Cell {
      let width = 2 * cellWidth
      return .init(picture.resized(width: width, height: max(1, width * picture.height / picture.width)), caption)
    }
    var rows = [
      LabelledGrid.Row(
        "\(style): what the network sees and what it paints",
        [cell(inspection.canvas, "the picture on the canvas"), cell(inspection.draft, "the draft")]
          + (inspection.revision.map {
            [cell($0.added, "what the revision adds"), cell($0.result, "the painted picture")]
          } ?? []))
    ]
    for stage in inspection.stages {
      rows.append(
        .init(
          heading(stage),
          stage.channels.map {
            .init(map(of: $0, in: stage).magnified(width: cellWidth), "\($0.index)  mean \(short($0.mean))")
          }))
      rows.append(
        .init(
          "",
          stage.channels.map { channel in
            .init(
              channel.painted.resized(
                width: cellWidth, height: max(1, cellWidth * channel.painted.height / channel.painted.width)),
              "paints \(short(channel.strength))")
          }))
    }
    return LabelledGrid(rows: rows)
  }

  /// Returns the page of the stages.
  package static func page(_ inspection: NetworkInspection, style: String, name: String) -> InspectionPage {
    let limit = Int(NetworkInspection.limit)
    let result = InspectionPage.Section(
      name: "result",
      text: "The draft is painted on the canvas. The revision enlarges it and adds edges.",
      pictures: [(inspection.draft, "The draft")]
        + (inspection.revision.map {
          [
            ($0.enlarged, "The draft, enlarged"),
            ($0.added, "What the revision adds: grey is nothing, white and black are \(limit) levels of 255 or more"),
            ($0.result, "The painted picture"),
          ]
        } ?? []))
    return InspectionPage(
      title: "How \(style) paints \(name)",
      introduction: """
        A style's network turns the picture into paint in one pass. These are channels of each stage that paint \
        most. The picture beside the photo shows what a channel paints: the painted picture minus the one that the \
        network paints without this channel. Grey is nothing, white and black are \(limit) levels of 255 or more.
        """,
      photo: inspection.canvas,
      sections: inspection.stages.map { stage in
        InspectionPage.Section(
          name: stage.name,
          text: stage.isResidual
            ? "A residual block: its result is added to what came in. Red is more, blue is less."
            : "\(stage.channelCount) channels of \(stage.width)×\(stage.height) neurons.",
          channels: stage.channels.map { channel in
            InspectionPage.Channel(
              name: "channel \(channel.index)", detail: "paints \(short(channel.strength)) levels of 255 on average",
              map: map(of: channel, in: stage), explanation: (channel.painted, "What the channel paints"))
          })
      } + [result])
  }

  /// Returns `value` with at most four characters before a unit: `3.25`, `107`, `12k`.
  package static func short(_ value: Float) -> String {
    let magnitude = abs(value)
    // A network with wild weights can overflow.
    guard magnitude < 1e9 else { return "\(value)" }
    if magnitude >= 10_000 { return "\(Int((value / 1000).rounded()))k" }
    if magnitude >= 100 { return "\(Int(value.rounded()))" }
    let scale: Float = magnitude >= 10 ? 10 : 100
    return "\((value * scale).rounded() / scale)"
  }
}
