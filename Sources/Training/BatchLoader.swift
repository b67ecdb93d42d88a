import Foundation
import Threading

/// Loads the next batches on a background thread.
final class BatchLoader: @unchecked Sendable {
  private let queue = BoundedQueue<Result<TrainingBatch, any Error>>(capacity: 2)

  /// Starts to load the batches `indices` in order, with later frames if `hasLater` is true.
  init(sampler: PhotoSampler, indices: Range<Int>, hasLater: Bool) {
    let queue = queue
    let thread = Thread {
      for index in indices {
        let batch = Result { try sampler.batch(index, hasLater: hasLater) }
        guard queue.push(batch) else { return }
        if case .failure = batch { break }
      }
      queue.close()
    }
    thread.name = "batches"
    thread.start()
  }

  deinit { queue.close(discarding: true) }

  /// Returns the next batch, or nil after the last one.
  ///
  /// - Throws: The error of the sampler, after which there are no more batches.
  func next() throws -> TrainingBatch? { try queue.pop()?.get() }
}
