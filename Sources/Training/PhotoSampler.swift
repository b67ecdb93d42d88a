import Foundation
import Imaging
import Synchronization
import Tensors

/// Crops the batches of a training run from the photos of a folder.
///
/// Batch `i` depends only on the seed and on `i`, so a resumed run continues with the same crops. Each epoch visits the
/// photos in a different order.
package final class PhotoSampler: Sendable {
  /// The maximum short side of a resized photo, as a multiple of the crop.
  private static let maximumScale: Float = 1.5
  /// The maximum short side of a resized photo for small crops, which should show details at the scale of a video, not
  /// miniatures of whole photos.
  private static let detailSide: Float = 384

  /// The maximum short side of a resized photo for a canvas, as a multiple of the canvas's lines.
  private static let maximumCanvasScale: Float = 1.25
  /// The maximum short side of a resized photo for a crop of a full-size frame, as a multiple of the crop. Most photos
  /// are not much larger.
  private static let maximumFilmScale: Float = 1.3

  /// The share of crops that are replaced by a smooth gradient of the photo's colours, similar to a clear sky. A
  /// network that never saw flat areas paints blotches there, because these hardly affect the loss of ordinary photos.
  private static let flatShare: Float = 1 / 32
  /// The minimum short side of a photo. Smaller ones show nothing when enlarged and count as unreadable.
  private static let minimumPhotoSide = 32

  private let folder: PhotoFolder
  private let batchSize: Int
  private let imageSize: Int
  private let seed: UInt64
  private let lines: Int?
  private let films: (first: Int, size: Int)?
  private let maker = LaterFrameMaker()
  private let unreadable = Mutex<Set<String>>([])
  private let enlarged = Mutex<Set<String>>([])

  /// Creates a sampler of square crops.
  ///
  /// - Parameters:
  ///   - folder: The photos.
  ///   - batchSize: The number of crops in a batch.
  ///   - imageSize: The side of the crops in pixels.
  ///   - seed: The seed of the random numbers.
  ///   - lines: The lines of the canvas: photos are resized to about this short side. Without it their sizes vary more.
  ///   - films: From batch `first` on, a batch is one crop of `size` pixels from a photo at about its original size.
  package init(
    folder: PhotoFolder, batchSize: Int, imageSize: Int, seed: UInt64, lines: Int? = nil,
    films: (first: Int, size: Int)? = nil
  ) {
    self.folder = folder
    self.batchSize = batchSize
    self.imageSize = imageSize
    self.seed = seed
    self.lines = lines
    self.films = films
  }

  /// Creates the sampler of a training with `settings`.
  package convenience init(folder: PhotoFolder, settings: TrainingSettings) {
    let trainsRevision = settings.revisionIterations > 0
    self.init(
      folder: folder, batchSize: settings.batchSize, imageSize: settings.imageSize, seed: settings.seed,
      lines: settings.canvasLines, films: trainsRevision ? (settings.draftIterations, TrainingSettings.filmCrop) : nil)
  }

  /// The photos that could not be read so far, sorted.
  package var unreadableFiles: [String] { unreadable.withLock { $0.sorted() } }

  /// The number of photos so far that are smaller than the crop and had to be enlarged.
  package var enlargedCount: Int { enlarged.withLock { $0.count } }

  /// Returns batch `index`.
  ///
  /// - Parameters:
  ///   - index: The number of the batch, from 0.
  ///   - hasLater: Whether to add later frames. They do not affect the photos.
  /// - Throws: ``TrainingError/unreadablePhotos(folder:count:)`` if none of the photos can be read.
  package func batch(_ index: Int, hasLater: Bool = false) throws -> TrainingBatch {
    if let films, index >= films.first { return try filmBatch(index, size: films.size) }
    let photos = Tensor(
      Shape(batch: batchSize, height: imageSize, width: imageSize, channels: 3), zeroed: false)
    let later = hasLater ? LaterFrames(batchSize: batchSize, size: imageSize) : nil
    for position in 0..<batchSize {
      let sample = index * batchSize + position
      let crop = try crop(
        sample, imageSize: imageSize, minimumSide: Float(max(lines ?? 0, imageSize)),
        maximumSide: lines.map { Self.maximumCanvasScale * Float($0) }
          ?? max(Self.maximumScale * Float(imageSize), Self.detailSide))
      crop.photo.cropped(x: crop.x, y: crop.y, width: imageSize, height: imageSize)
        .write(to: photos, batchIndex: position)
      if let later {
        var random = SplitMix64(seed: seed, stream: UInt64(sample) &* 2 &+ 0x3_0000_0000)
        maker.write(crop.photo, x: crop.x, y: crop.y, size: imageSize, &random, to: later, index: position)
      }
    }
    return TrainingBatch(photos: photos, later: later)
  }

  /// Returns a crop of a photo at about its original size, which stands for a part of a full-size frame.
  private func filmBatch(_ index: Int, size: Int) throws -> TrainingBatch {
    let photos = Tensor(Shape(batch: 1, height: size, width: size, channels: 3), zeroed: false)
    let crop = try crop(
      index * batchSize, imageSize: size, minimumSide: Float(size), maximumSide: Self.maximumFilmScale * Float(size))
    crop.photo.cropped(x: crop.x, y: crop.y, width: size, height: size).write(to: photos, batchIndex: 0)
    return TrainingBatch(photos: photos)
  }

  /// Returns a resized and possibly flipped photo and the top left corner of the crop in it.
  private func crop(
    _ sample: Int, imageSize: Int, minimumSide: Float, maximumSide: Float
  ) throws -> (photo: Picture, x: Int, y: Int) {
    let count = folder.files.count
    let order = permutation(epoch: sample / count)
    var random = SplitMix64(seed: seed, stream: UInt64(sample) &* 2 &+ 0x1_0000_0001)
    let maximumSide = max(minimumSide, maximumSide)
    let wantedSide = Int((minimumSide + (maximumSide - minimumSide) * random.uniform()).rounded())
    let horizontal = random.uniform()
    let vertical = random.uniform()
    let isFlipped = random.next() & 1 == 1
    let isFlat = random.uniform() < Self.flatShare
    // An unreadable photo is replaced by the next readable one.
    for attempt in 0..<count {
      let file = folder.files[order[(sample % count + attempt) % count]]
      if unreadable.withLock({ $0.contains(file) }) { continue }
      guard let picture = try? PictureFile.read(file).flattened(),
        min(picture.width, picture.height) >= Self.minimumPhotoSide
      else {
        unreadable.withLock { _ = $0.insert(file) }
        continue
      }
      if min(picture.width, picture.height) < imageSize { enlarged.withLock { _ = $0.insert(file) } }
      // Do not enlarge a photo more than necessary.
      let side = min(wantedSide, max(imageSize, min(picture.width, picture.height)))
      var resized = picture.resized(shortSide: side)
      if isFlat { resized = resized.flattenedToGradient() }
      if isFlipped { resized = resized.flippedHorizontally() }
      let x = Int(horizontal * Float(resized.width - imageSize + 1))
      let y = Int(vertical * Float(resized.height - imageSize + 1))
      return (resized, min(x, resized.width - imageSize), min(y, resized.height - imageSize))
    }
    throw TrainingError.unreadablePhotos(folder: folder.path, count: count)
  }

  private func permutation(epoch: Int) -> [Int] {
    var order = Array(folder.files.indices)
    var random = SplitMix64(seed: seed, stream: UInt64(epoch) &* 2 &+ 0x2_0000_0000)
    for position in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(position, random.index(below: position + 1))
    }
    return order
  }
}
