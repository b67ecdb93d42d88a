import Autograd
import Imaging
import Tensors
import Threading

/// Chooses the style weight for a painting, by means of a few photos.
///
/// The distance between the Gram matrices of a painting and of photos varies several-fold: at the same weight The Great
/// Wave hardly shows, while Composition VII drowns the photo. The chosen weight makes the style loss start at the same
/// value for all paintings, that of The Starry Night at the usual weight.
package struct StyleChoice {
  /// The maximum number of photos.
  private static let photoCount = 8

  private let extractor: VGG16
  private let tape: Tape
  private let photos: [Tensor]

  /// Reads a few photos, evenly spread over `folder`.
  ///
  /// - Throws: ``TrainingError/unreadablePhotos(folder:count:)`` if none of them can be read.
  package init(extractor: VGG16, folder: PhotoFolder, pool: ComputePool) throws {
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

  /// Returns the mean style loss of the unstylized photos at weight 1, without the terms that do not determine the
  /// style weight.
  ///
  /// - Parameter size: The short side of the painting in pixels, or 0 for its own size.
  package func styleLoss(for painting: Picture, size: Int, objective: Objective) -> Double {
    let loss = PerceptualLoss(
      extractor: extractor, style: StyleImage.scaled(painting, to: size).tensor(),
      weights: LossWeights(objective: objective, style: 1), tape: tape)
    let others = objective.terms.filter { $0.group == .style && !$0.determinesStyleWeight }.flatMap(\.names)
    let losses = photos.map { photo in
      let parts = loss(output: Variable(photo), photos: photo, on: tape)
      return parts[.style] - others.reduce(0) { $0 + (parts[$1] ?? 0) }
    }
    return losses.reduce(0, +) / Double(losses.count)
  }

  /// Returns the style weight for `painting`, rounded to two digits.
  ///
  /// - Parameter size: The short side of the painting in pixels, or 0 for its own size.
  package func weight(for painting: Picture, size: Int, objective: Objective) -> Double {
    let range = objective.styleWeights
    let loss = styleLoss(for: painting, size: size, objective: objective)
    let weight = min(max(objective.initialStyleLoss / max(loss, 1e-9), range.lowerBound), range.upperBound)
    let unit = weight < 1 ? 100.0 : weight < 10 ? 10.0 : 1.0
    return (weight * unit).rounded() / unit
  }
}
