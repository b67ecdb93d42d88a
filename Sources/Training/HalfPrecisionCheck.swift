import Autograd
import Foundation
import Networks
import Safetensors
import Tensors
import Threading

/// What a model's pictures lose where its weights are stored in half precision, which makes the file half as large.
public struct HalfPrecisionCheck: Sendable, Equatable {
  /// Pictures may change by this much: one level of 255.
  public static let tolerance = 1.0

  /// The number of pictures compared.
  public var pictures: Int
  /// The largest difference of any of their values, clamped to 0…255; infinite where a weight is beyond half precision's range.
  public var largestDifference: Double

  /// Compares both versions of `model` on `photos`, each `[1, H, W, 3]` RGB 0…255 with H and W multiples of the network's
  /// `sizeMultiple`.
  public init(model: StyleModel, photos: [Tensor], pool: ComputePool) {
    pictures = photos.count
    guard let rounded = model.inHalfPrecision else {
      largestDifference = .infinity
      return
    }
    largestDifference = 0
    let executors = [model, rounded].map {
      NetworkExecutor(definition: $0.definition, parameters: $0.parameters, trainable: false)
    }
    let allocator = TensorAllocator()
    for photo in photos {
      let outputs = executors.map { $0(Variable(photo), on: Tape(pool: pool, allocator: allocator)).value.elements }
      for (exact, half) in zip(outputs[0], outputs[1]) {
        let difference = Double(abs(min(max(exact, 0), 255) - min(max(half, 0), 255)))
        largestDifference = difference.isNaN ? .infinity : max(largestDifference, difference)
      }
    }
  }

  /// How the weights should be stored: in half precision where pictures were compared and none changed by more than
  /// ``tolerance``.
  public var storage: SafetensorsWriter.Storage {
    pictures > 0 && largestDifference <= Self.tolerance ? .float16 : .float32
  }
}
