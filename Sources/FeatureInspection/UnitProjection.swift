import Autograd
import Imaging
import Kernels
import Tensors
import Threading
import Training

/// Shows what in a patch made a neuron fire, by sending its value back to the pixels.
///
/// All other neurons of the layer are set to 0. Convolutions run backwards with the transposed filters, poolings pass a
/// value to the place that held the maximum, and ReLUs follow a ``RectifierGradient``.
package struct UnitProjection {
  private let extractor: VGG16
  private let rectifier: RectifierGradient
  private let pool: ComputePool
  private let allocator = TensorAllocator()

  /// Creates a projection through `extractor` by the rule `rectifier`.
  package init(extractor: VGG16, rectifier: RectifierGradient, pool: ComputePool) {
    self.extractor = extractor
    self.rectifier = rectifier
    self.pool = pool
  }

  /// Returns the value of the neuron and what reaches the pixels that it sees, `[1, h, w, 3]`, red, green, blue.
  package func values(of patch: UnitPatch) -> (value: Float, pixels: Tensor) {
    let tape = Tape(pool: pool, allocator: allocator)
    let image = Variable(patch.crop.tensor(), requiresGradient: true)
    let (layer, place) = (patch.channel.layer, patch.placeInCrop)
    var value: Float = 0
    extractor.forEachActivation(of: image, upTo: layer, rectifier: rectifier, on: tape) {
      reached, features in
      guard reached == layer else { return }
      let seed = Tensor(features.value.shape)
      let index = (place.row * seed.shape.width + place.column) * layer.channels + patch.channel.index
      value = features.value.buffer[index]
      seed.buffer[index] = value
      tape.seed(features, gradient: seed)
    }
    tape.backward()
    let shape = Shape(batch: 1, height: patch.rows.count, width: patch.columns.count, channels: 3)
    guard let gradient = image.gradient else { return (value, Tensor(shape)) }
    let (top, left) = (patch.rows.lowerBound - patch.origin.row, patch.columns.lowerBound - patch.origin.column)
    var pixels: [Float] = []
    pixels.reserveCapacity(shape.count)
    for row in top..<top + shape.height {
      let start = (row * gradient.shape.width + left) * 3
      pixels.append(contentsOf: gradient.buffer[start..<start + 3 * shape.width])
    }
    return (value, Tensor(shape, elements: pixels))
  }

  /// Returns a picture of what made the neuron fire, of the size of the patch: grey is nothing.
  package func picture(of patch: UnitPatch) -> Picture { Picture(signed: values(of: patch).pixels) }
}
