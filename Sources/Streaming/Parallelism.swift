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

  /// Engines for `model` and pictures of `width` × `height` that compute on `threads` threads in all, on a canvas of `canvasLines` where the
  /// model has a canvas and these are given.
  ///
  /// Throws `InferenceError` where the model does not fit, the size or the canvas is out of range or the memory does not suffice.
  public func makeStylizers(
    model: PreparedModel, width: Int, height: Int, threads: Int, canvasLines: Int? = nil
  ) throws -> [any FrameStylizer] {
    func engines(_ count: Int, memoryLimit: Int? = nil) throws -> [any FrameStylizer] {
      // The first ones get the threads that cannot be shared evenly; `memoryLimit` is that of one engine.
      try (0..<count).map { index in
        let share = threads / count + (index < threads % count ? 1 : 0)
        return try StyleEngine(
          model: model, width: width, height: height, pool: ComputePool(threads: share), memoryLimit: memoryLimit,
          canvasLines: canvasLines)
      }
    }
    switch self {
    case .latency: return try engines(1)
    case .throughput(let frames?): return try engines(max(1, frames))
    case .throughput(nil):
      var count = max(1, threads)
      while count > 1 {
        do {
          // Memory counts as taken only once it has been written to, so all engines are planned for at once.
          let limit = AvailableMemory.forPlan().map { $0 / 2 / count }
          return try engines(count, memoryLimit: limit)
        } catch InferenceError.insufficientMemory {
          count /= 2
        }
      }
      return try engines(1)
    }
  }
}
