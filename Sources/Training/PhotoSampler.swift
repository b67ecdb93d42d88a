import Foundation
import Imaging
import Synchronization
import Tensors

/// Cuts the batches of a training run out of a folder's photos.
///
/// Batch `i` depends on the seed and on `i` alone, not on the batches before it: a resumed run continues with the same crops.
/// Each pass over the photos has its own order.
public final class PhotoSampler: Sendable {
  /// The largest factor by which a photo's short side exceeds the crop before cutting.
  private static let largestScale: Float = 1.5

  private let folder: PhotoFolder
  private let batchSize: Int
  private let imageSize: Int
  private let seed: UInt64
  private let unreadable = Mutex<Set<String>>([])

  /// A sampler of square crops of `imageSize` pixels.
  public init(folder: PhotoFolder, batchSize: Int, imageSize: Int, seed: UInt64) {
    self.folder = folder
    self.batchSize = batchSize
    self.imageSize = imageSize
    self.seed = seed
  }

  /// The photos that could not be read so far.
  public var unreadableFiles: [String] { unreadable.withLock { $0.sorted() } }

  /// Batch `index`, `[N, S, S, 3]` RGB 0…255.
  ///
  /// Throws ``TrainingError/unreadablePhotos(folder:count:)`` where not one photo can be read.
  public func batch(_ index: Int) throws -> Tensor {
    let result = Tensor(
      Shape(batch: batchSize, height: imageSize, width: imageSize, channels: 3), zeroed: false)
    for position in 0..<batchSize {
      try crop(index * batchSize + position).write(to: result, batchIndex: position)
    }
    return result
  }

  private func crop(_ sample: Int) throws -> Picture {
    let count = folder.files.count
    let order = permutation(epoch: sample / count)
    var random = SplitMix64(seed: seed, stream: UInt64(sample) &* 2 &+ 0x1_0000_0001)
    let scale = 1 + (Self.largestScale - 1) * random.uniform()
    let horizontal = random.uniform()
    let vertical = random.uniform()
    let isFlipped = random.next() & 1 == 1
    // A photo that cannot be read is replaced by the next one that can.
    for attempt in 0..<count {
      let file = folder.files[order[(sample % count + attempt) % count]]
      if unreadable.withLock({ $0.contains(file) }) { continue }
      guard let picture = try? PictureFile.read(file).flattened() else {
        unreadable.withLock { _ = $0.insert(file) }
        continue
      }
      let side = Int((Float(imageSize) * scale).rounded())
      let resized = picture.resized(shortSide: side)
      let x = Int(horizontal * Float(resized.width - imageSize + 1))
      let y = Int(vertical * Float(resized.height - imageSize + 1))
      let cut = resized.cropped(
        x: min(x, resized.width - imageSize), y: min(y, resized.height - imageSize), width: imageSize,
        height: imageSize)
      return isFlipped ? cut.flippedHorizontally() : cut
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
