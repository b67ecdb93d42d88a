import Autograd
import Foundation
import Networks
import Safetensors
import Tensors
import Threading

/// Measures how pictures change if a model's weights are stored in half precision, which halves the size of the file.
package struct HalfPrecisionCheck: Sendable, Equatable {
  /// The maximum change of a pixel that is acceptable: one level of 255.
  package static let tolerance = 1.0

  /// The number of compared pictures.
  package var pictures: Int
  /// The maximum difference of any value after clamping to 0…255; infinite if a weight exceeds the range of half
  /// precision.
  package var maximumDifference: Double

  /// Compares `model` in single and in half precision on `photos`.
  ///
  /// - Parameter photos: Pictures `[1, H, W, 3]`, RGB 0…255, where H and W are multiples of the network's
  ///   `sizeMultiple`.
  package init(model: StyleModel, photos: [Tensor], pool: ComputePool) {
    pictures = photos.count
    guard let rounded = model.inHalfPrecision else {
      maximumDifference = .infinity
      return
    }
    maximumDifference = 0
    let executors = [model, rounded].map {
      NetworkExecutor(definition: $0.definition, parameters: $0.parameters, trainable: false)
    }
    let allocator = TensorAllocator()
    for photo in photos {
      let outputs = executors.map { $0(Variable(photo), on: Tape(pool: pool, allocator: allocator)).value.elements }
      for (exact, half) in zip(outputs[0], outputs[1]) {
        let difference = Double(abs(min(max(exact, 0), 255) - min(max(half, 0), 255)))
        maximumDifference = difference.isNaN ? .infinity : max(maximumDifference, difference)
      }
    }
  }

  /// The recommended precision: half if pictures were compared and no value changed by more than ``tolerance``, else
  /// single.
  package var storage: SafetensorsWriter.Storage {
    pictures > 0 && maximumDifference <= Self.tolerance ? .float16 : .float32
  }
}
