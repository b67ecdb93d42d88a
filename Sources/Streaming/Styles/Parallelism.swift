import Inference
import Threading

/// How compute threads share the frames of a video. The output is the same in either case.
public enum Parallelism: Hashable, Sendable {
  /// All threads work on one frame, which minimizes its latency.
  case latency
  /// Several frames are painted at a time, each with its share of the threads. Threads then seldom wait for each other,
  /// which raises the frame rate, but each frame needs the memory of an engine.
  ///
  /// With nil, one frame for each thread, or fewer if the engines would take more than half of the available memory.
  case throughput(frames: Int? = nil)

  /// Returns the numbers of frames at a time to try, in order of preference, until memory suffices.
  func candidates(threads: Int) -> [Int] {
    switch self {
    case .latency: [1]
    case .throughput(let frames?): [max(1, frames)]
    case .throughput(nil): Array(sequence(first: max(1, threads)) { $0 > 1 ? $0 / 2 : nil })
    }
  }

  /// Returns a compute pool for each of `count` frames. The first pools get the remaining threads if they do not divide
  /// evenly.
  static func pools(_ count: Int, threads: Int) -> [ComputePool] {
    (0..<count).map { ComputePool(threads: threads / count + ($0 < threads % count ? 1 : 0)) }
  }
}
