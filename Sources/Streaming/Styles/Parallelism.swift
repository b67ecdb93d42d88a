import Inference
import Threading

/// How the threads that compute share the frames of a video. The frames come out the same.
public enum Parallelism: Hashable, Sendable {
  /// All threads work on one frame: it is done soonest.
  case latency
  /// So many frames are under way at once, each on its share of the threads, which then seldom wait for one another:
  /// more frames a second, for the memory of as many engines.
  ///
  /// With nil, one frame for each thread, or fewer where the engines would take more than half of the available memory.
  case throughput(frames: Int? = nil)

  /// Numbers of frames at a time to try, the best one first: the next one where the memory does not suffice.
  func candidates(threads: Int) -> [Int] {
    switch self {
    case .latency: [1]
    case .throughput(let frames?): [max(1, frames)]
    case .throughput(nil): Array(sequence(first: max(1, threads)) { $0 > 1 ? $0 / 2 : nil })
    }
  }

  /// A pool for each of `count` frames; the first ones get the threads that cannot be shared evenly.
  static func pools(_ count: Int, threads: Int) -> [ComputePool] {
    (0..<count).map { ComputePool(threads: threads / count + ($0 < threads % count ? 1 : 0)) }
  }
}
