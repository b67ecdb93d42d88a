import Autograd
import Imaging
import Tensors
import Threading

/// Chooses a style weight by looking at the painting and at a few photos.
///
/// Paintings differ several times in how far their Gram matrices are from those of photos: at one weight The Great Wave hardly shows
/// while Composition VII drowns the photo. The weight is chosen so that the style part of the objective begins at the same
/// value for all of them, the one that the usual weight of 5 gives for The Starry Night.
public struct StyleChoice {
  /// The weighted style loss of photos as they are, before the first step: 5 times that of The Starry Night, 543,000.
  private static let initialStyleLoss = 2_700_000.0
  /// Bounds of the weight.
  private static let weights = 1.0...25.0
  /// Photos looked at.
  private static let photoCount = 8

  private let extractor: VGG16
  private let tape: Tape
  /// Gram matrices of photos.
  private let photoGrams: [[VGG16Layer: Tensor]]

  /// A chooser that looks at a few photos of `folder`, spread over it.
  ///
  /// Throws ``TrainingError/unreadablePhotos(folder:count:)`` where none of them can be read.
  public init(extractor: VGG16, folder: PhotoFolder, pool: ComputePool) throws {
    self.extractor = extractor
    tape = Tape(pool: pool, allocator: TensorAllocator())
    var grams: [[VGG16Layer: Tensor]] = []
    let step = max(1, folder.files.count / Self.photoCount)
    for index in stride(from: step / 2, to: folder.files.count, by: step) where grams.count < Self.photoCount {
      guard let photo = try? PictureFile.read(folder.files[index]).flattened() else { continue }
      grams.append(Self.grams(StyleEvaluator.crop(photo, size: 256), extractor, tape))
    }
    guard !grams.isEmpty else { throw TrainingError.unreadablePhotos(folder: folder.path, count: folder.files.count) }
    photoGrams = grams
  }

  private static func grams(_ picture: Picture, _ extractor: VGG16, _ tape: Tape) -> [VGG16Layer: Tensor] {
    extractor.features(of: Variable(picture.tensor()), on: tape).mapValues { tape.gram($0).value.copy() }
  }

  /// The mean style loss, without a weight, that photos as they are have for `painting` with `size` pixels on its short side.
  public func styleLoss(for painting: Picture, size: Int) -> Double {
    let target = Self.grams(StyleImage.scaled(painting, to: size), extractor, tape)
    var sum = 0.0
    for photo in photoGrams {
      for (layer, gram) in photo {
        guard let wanted = target[layer] else { continue }
        sum += tape.meanSquaredError(Variable(gram), target: wanted, weight: 1)
      }
    }
    return sum / Double(photoGrams.count)
  }

  /// The style weight for `painting` at `size`, rounded to two digits.
  public func weight(for painting: Picture, size: Int) -> Double {
    let weight = Self.initialStyleLoss / max(styleLoss(for: painting, size: size), 1)
    let bounded = min(max(weight, Self.weights.lowerBound), Self.weights.upperBound)
    return bounded < 10 ? (bounded * 10).rounded() / 10 : bounded.rounded()
  }
}
