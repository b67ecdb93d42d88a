import Inference
import Threading

/// How the threads that compute share the frames of a video. The frames come out the same.
public enum Parallelism: Hashable, Sendable {
  /// All threads work on one frame: it is done soonest.
  case latency
  /// So many frames are under way at once, each on its share of the threads, which then seldom wait for one another: more
  /// frames a second, for the memory of as many engines.
  ///
  /// With nil, one frame for each thread, or fewer where the engines would take more than half of the available memory.
  case throughput(frames: Int? = nil)

  /// Engines for `model` and pictures of `width` × `height` that compute on `threads` threads in all.
  ///
  /// Throws `InferenceError` where the model does not fit, the size is out of range or the memory does not suffice.
  public func makeStylizers(
    model: PreparedModel, width: Int, height: Int, threads: Int
  ) throws -> [any FrameStylizer] {
    switch self {
    case .latency: return try Self.engines(1, model: model, width: width, height: height, threads: threads)
    case .throughput(let frames?):
      return try Self.engines(max(1, frames), model: model, width: width, height: height, threads: threads)
    case .throughput(nil):
      var count = max(1, threads)
      while count > 1 {
        do {
          // Memory counts as taken only once it has been written to, so all engines are planned for at once.
          let limit = AvailableMemory.forPlan().map { $0 / 2 / count }
          return try Self.engines(
            count, model: model, width: width, height: height, threads: threads, memoryLimit: limit)
        } catch InferenceError.insufficientMemory {
          count /= 2
        }
      }
      return try Self.engines(1, model: model, width: width, height: height, threads: threads)
    }
  }

  /// `memoryLimit` is that of one engine. The first ones get the threads that cannot be shared evenly.
  private static func engines(
    _ count: Int, model: PreparedModel, width: Int, height: Int, threads: Int, memoryLimit: Int? = nil
  ) throws -> [any FrameStylizer] {
    try (0..<count).map { index in
      let share = threads / count + (index < threads % count ? 1 : 0)
      return try StyleEngine(
        model: model, width: width, height: height, pool: ComputePool(threads: share), memoryLimit: memoryLimit)
    }
  }
}
