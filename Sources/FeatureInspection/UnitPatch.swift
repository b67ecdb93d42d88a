import Imaging
import Tensors
import Training

/// A neuron in a picture, and the pixels that it sees.
package struct UnitPatch: Sendable {
  /// The channel of the neuron.
  package let channel: FeatureChannel
  /// The value of the neuron.
  package let value: Float
  /// The name of the picture.
  package let source: String
  /// The row of the neuron in the channel's map.
  package let row: Int
  /// The column of the neuron in the channel's map.
  package let column: Int
  /// The rows of the picture that the neuron sees.
  package let rows: Range<Int>
  /// The columns of the picture that the neuron sees.
  package let columns: Range<Int>
  /// A part of the picture, aligned so that the neuron has the same value there.
  let crop: Picture
  /// The first row and column of ``crop`` in the picture.
  let origin: (row: Int, column: Int)

  /// Cuts out what a neuron sees of `picture`.
  package init(
    channel: FeatureChannel, value: Float, row: Int, column: Int, of picture: Picture, source: String
  ) {
    let field = channel.layer.receptiveField
    self.channel = channel
    self.value = value
    self.source = source
    self.row = row
    self.column = column
    rows = field.pixels(of: row, extent: picture.height)
    columns = field.pixels(of: column, extent: picture.width)
    let (down, across) = (
      field.alignedPixels(of: row, extent: picture.height), field.alignedPixels(of: column, extent: picture.width)
    )
    crop = picture.cropped(x: across.lowerBound, y: down.lowerBound, width: across.count, height: down.count)
    origin = (down.lowerBound, across.lowerBound)
  }

  /// The part of the picture that the neuron sees.
  package var picture: Picture {
    crop.cropped(
      x: columns.lowerBound - origin.column, y: rows.lowerBound - origin.row, width: columns.count, height: rows.count)
  }

  /// The place of the neuron in the channel's map for ``crop``.
  var placeInCrop: (row: Int, column: Int) {
    let stride = channel.layer.receptiveField.stride
    return (row - origin.row / stride, column - origin.column / stride)
  }
}
