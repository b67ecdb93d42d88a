import Foundation
import Imaging
import Synchronization
import Tensors

/// Cuts the batches of a training run out of a folder's photos.
///
/// Batch `i` depends on the seed and on `i` alone, not on the batches before it: a resumed run continues with the same crops.
/// Each pass over the photos has its own order.
public final class PhotoSampler: Sendable {
  /// The largest factor by which a photo's short side exceeds the crop before cutting, but for small crops.
  private static let largestScale: Float = 1.5
  /// The short side that photos reach even for small crops: these shall show details at the size that films have them, and not whole
  /// photos in miniature.
  private static let detailSide: Float = 384

  /// The largest short side of photos for a canvas, as a multiple of its lines.
  private static let largestCanvasScale: Float = 1.25
  /// The largest short side of photos of which films' crops are cut, as a multiple of the crop: most photos are not much larger.
  private static let largestFilmScale: Float = 1.3

  /// One in so many crops is a smooth gradient of a photo's colours, as a clear sky is: networks that never saw a flat area paint
  /// blotches there, which hardly cost anything on ordinary photos.
  private static let flatShare: Float = 1 / 32
  /// Photos with a shorter side than this show nothing when they are enlarged; they count as unreadable.
  private static let smallestSide = 32

  private let folder: PhotoFolder
  private let batchSize: Int
  private let imageSize: Int
  private let seed: UInt64
  private let lines: Int?
  private let films: (first: Int, size: Int)?
  private let maker = LaterFrameMaker()
  private let unreadable = Mutex<Set<String>>([])
  private let enlarged = Mutex<Set<String>>([])

  /// A sampler of square crops of `imageSize` pixels.
  ///
  /// - Parameters:
  ///   - lines: The short side at which photos are seen whole: that of the canvas. Without it photos are seen at many sizes.
  ///   - films: The first batch that is one crop of `size` pixels of a photo at about its own size.
  public init(
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

  /// The sampler of a training with `settings`.
  public convenience init(folder: PhotoFolder, settings: TrainingSettings) {
    let trainsRevision = settings.revisionIterations > 0
    self.init(
      folder: folder, batchSize: settings.batchSize, imageSize: settings.imageSize, seed: settings.seed,
      lines: settings.canvasLines, films: trainsRevision ? (settings.draftIterations, TrainingSettings.filmCrop) : nil)
  }

  /// The photos that could not be read so far.
  public var unreadableFiles: [String] { unreadable.withLock { $0.sorted() } }

  /// The photos read so far whose short side is below the crop's and which had to be enlarged.
  public var enlargedCount: Int { enlarged.withLock { $0.count } }

  /// Batch `index`, with later frames if `hasLater`; the photos are the same either way.
  ///
  /// Throws ``TrainingError/unreadablePhotos(folder:count:)`` where not one photo can be read.
  public func batch(_ index: Int, hasLater: Bool = false) throws -> TrainingBatch {
    if let films, index >= films.first { return try filmBatch(index, size: films.size) }
    let photos = Tensor(
      Shape(batch: batchSize, height: imageSize, width: imageSize, channels: 3), zeroed: false)
    let later = hasLater ? LaterFrames(batchSize: batchSize, size: imageSize) : nil
    for position in 0..<batchSize {
      let sample = index * batchSize + position
      let crop = try crop(
        sample, imageSize: imageSize, smallest: Float(max(lines ?? 0, imageSize)),
        largest: lines.map { Self.largestCanvasScale * Float($0) }
          ?? max(Self.largestScale * Float(imageSize), Self.detailSide))
      crop.photo.cropped(x: crop.x, y: crop.y, width: imageSize, height: imageSize)
        .write(to: photos, batchIndex: position)
      if let later {
        var random = SplitMix64(seed: seed, stream: UInt64(sample) &* 2 &+ 0x3_0000_0000)
        maker.write(crop.photo, x: crop.x, y: crop.y, size: imageSize, &random, to: later, index: position)
      }
    }
    return TrainingBatch(photos: photos, later: later)
  }

  /// A crop of a photo at about its own size, as a part of a film's frame.
  private func filmBatch(_ index: Int, size: Int) throws -> TrainingBatch {
    let photos = Tensor(Shape(batch: 1, height: size, width: size, channels: 3), zeroed: false)
    let crop = try crop(
      index * batchSize, imageSize: size, smallest: Float(size), largest: Self.largestFilmScale * Float(size))
    crop.photo.cropped(x: crop.x, y: crop.y, width: size, height: size).write(to: photos, batchIndex: 0)
    return TrainingBatch(photos: photos)
  }

  /// A scaled and perhaps mirrored photo and the corner of the crop in it.
  private func crop(
    _ sample: Int, imageSize: Int, smallest: Float, largest: Float
  ) throws -> (photo: Picture, x: Int, y: Int) {
    let count = folder.files.count
    let order = permutation(epoch: sample / count)
    var random = SplitMix64(seed: seed, stream: UInt64(sample) &* 2 &+ 0x1_0000_0001)
    let largest = max(smallest, largest)
    let wantedSide = Int((smallest + (largest - smallest) * random.uniform()).rounded())
    let horizontal = random.uniform()
    let vertical = random.uniform()
    let isFlipped = random.next() & 1 == 1
    let isFlat = random.uniform() < Self.flatShare
    // A photo that cannot be read is replaced by the next one that can.
    for attempt in 0..<count {
      let file = folder.files[order[(sample % count + attempt) % count]]
      if unreadable.withLock({ $0.contains(file) }) { continue }
      guard let picture = try? PictureFile.read(file).flattened(),
        min(picture.width, picture.height) >= Self.smallestSide
      else {
        unreadable.withLock { _ = $0.insert(file) }
        continue
      }
      if min(picture.width, picture.height) < imageSize { enlarged.withLock { _ = $0.insert(file) } }
      // No photo is enlarged further than it must be.
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
