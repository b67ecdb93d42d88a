import Autograd
import Imaging
import Tensors
import Threading

/// Chooses a style weight by looking at the painting and at a few photos.
///
/// Paintings differ several times in how far their Gram matrices are from those of photos: at one weight The Great Wave hardly shows
/// while Composition VII drowns the photo. The weight is chosen so that the style part of the objective begins at the same
/// value for all of them, the one that the usual weight gives for The Starry Night.
public struct StyleChoice {
  /// Photos looked at.
  private static let photoCount = 8

  private let extractor: VGG16
  private let tape: Tape
  private let photos: [Tensor]

  /// A chooser that looks at a few photos of `folder`, spread over it.
  ///
  /// Throws ``TrainingError/unreadablePhotos(folder:count:)`` where none of them can be read.
  public init(extractor: VGG16, folder: PhotoFolder, pool: ComputePool) throws {
    self.extractor = extractor
    tape = Tape(pool: pool, allocator: TensorAllocator())
    var photos: [Tensor] = []
    let step = max(1, folder.files.count / Self.photoCount)
    for index in stride(from: step / 2, to: folder.files.count, by: step) where photos.count < Self.photoCount {
      guard let photo = try? PictureFile.read(folder.files[index]).flattened() else { continue }
      photos.append(StyleEvaluator.crop(photo, size: 256).tensor())
    }
    guard !photos.isEmpty else { throw TrainingError.unreadablePhotos(folder: folder.path, count: folder.files.count) }
    self.photos = photos
  }

  /// The mean style loss, palette aside, of `objective`, at weight 1, that photos as they are have for `painting` with `size` pixels on its short side.
  public func styleLoss(for painting: Picture, size: Int, objective: Objective) -> Double {
    let loss = PerceptualLoss(
      extractor: extractor, style: StyleImage.scaled(painting, to: size).tensor(),
      weights: LossWeights(objective: objective, style: 1), tape: tape)
    // Colours differ far more from photo to photo than strokes do.
    let losses = photos.map { photo in
      let parts = loss(output: Variable(photo), photos: photo, on: tape)
      return parts.style - parts.palette
    }
    return losses.reduce(0, +) / Double(losses.count)
  }

  /// The style weight for `painting` at `size` and `objective`, rounded to two digits.
  public func weight(for painting: Picture, size: Int, objective: Objective) -> Double {
    let range = objective.styleWeights
    let loss = styleLoss(for: painting, size: size, objective: objective)
    let weight = min(max(objective.initialStyleLoss / max(loss, 1e-9), range.lowerBound), range.upperBound)
    let unit = weight < 1 ? 100.0 : weight < 10 ? 10.0 : 1.0
    return (weight * unit).rounded() / unit
  }
}
