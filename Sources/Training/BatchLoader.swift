import Foundation
import Threading

/// Reads the next batches on a thread of its own while the present one is computed.
final class BatchLoader: @unchecked Sendable {
  private let queue = BoundedQueue<Result<TrainingBatch, any Error>>(capacity: 2)

  /// Starts to load the batches with the numbers `indices`, in order, with later frames if `hasLater`.
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

  /// The next batch, or nil after the last.
  func next() throws -> TrainingBatch? { try queue.pop()?.get() }
}
