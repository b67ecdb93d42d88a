import FFmpeg
import Foundation
import Hummingbird
import Streaming
import Synchronization
import Threading

/// Small pictures of what a stream would look like in each style.
///
/// The work is bounded: previews are painted one at a time on one thread of the lowest priority, which then rests three
/// times as long as it has painted. Nothing is painted that nobody asks for, and nothing while a source loses frames.
final class StylePreviews: Sendable {
  /// Why there is no preview at present.
  enum Absence: Error {
    /// The stream has no frame: nobody watches, or the source is not there.
    case noFrame
    /// Another preview is being painted.
    case isBusy
    /// The machine does not keep up with its sources.
    case isBehind
  }

  private struct Key: Hashable {
    var stream: String
    var model: String
  }

  private struct Cached {
    var jpeg: [UInt8]
    var time: ContinuousClock.Instant
  }

  private struct State {
    var cached: [Key: Cached] = [:]
    var isPainting = false
    var restsUntil = ContinuousClock.now
  }

  private static let longSide = 320
  /// How long a preview is up to date.
  private static let freshness = Duration.seconds(30)
  /// About 20 KB each.
  private static let maximumCount = 128
  /// How long to wait for the stream's next frame.
  private static let patience = Duration.seconds(2)
  /// The share of the source's rate below which the machine does not keep up. Rates vary a little.
  private static let tolerance = 0.85

  private let state = Mutex(State())
  private let pool = ComputePool(threads: 1)

  /// Returns a JPEG picture of the stream's newest frame in a style, at most half a minute old; an older one if no new
  /// one can be painted at present.
  ///
  /// - Parameter streams: All streams of the machine.
  /// - Throws: ``Absence``, or an error of the model.
  func picture(of stream: PaintedStream, in style: StyleCatalog.Entry, streams: [PaintedStream]) async throws -> [UInt8]
  {
    let key = Key(stream: stream.id, model: style.model)
    let now = ContinuousClock.now
    let isBehind = streams.contains(where: Self.isBehind)
    let (cached, mayPaint) = state.withLock { state -> (Cached?, Bool) in
      let cached = state.cached[key]
      if let cached, cached.time.duration(to: now) < Self.freshness { return (cached, false) }
      guard !isBehind, !state.isPainting, state.restsUntil <= now else { return (cached, false) }
      state.isPainting = true
      return (cached, true)
    }
    guard mayPaint else {
      if let cached { return cached.jpeg }
      throw isBehind ? Absence.isBehind : Absence.isBusy
    }
    let start = ContinuousClock.now
    var jpeg: [UInt8]?
    defer { finish(key, jpeg, seconds: start.duration(to: .now)) }
    guard let frame = await nextFrame(of: stream) else {
      if let cached { return cached.jpeg }
      throw Absence.noFrame
    }
    let painted = try await paint(frame, in: style)
    jpeg = painted
    return painted
  }

  private static func isBehind(_ stream: PaintedStream) -> Bool {
    if stream.isResting || stream.condition.condition != .running { return false }
    let numbers = stream.statistics
    return stream.reduction != nil || numbers.fpsIn > 0 && numbers.fpsOut < tolerance * numbers.fpsIn
  }

  private func nextFrame(of stream: PaintedStream) async -> StreamOutput.SourceFrame? {
    let end = ContinuousClock.now + Self.patience
    stream.output.askForSource()
    while ContinuousClock.now < end {
      if let frame = stream.output.takeSource() { return frame }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return nil
  }

  /// Paints on a thread of its own, because a model takes a moment and priorities belong to threads.
  private func paint(_ source: StreamOutput.SourceFrame, in style: StyleCatalog.Entry) async throws -> [UInt8] {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<[UInt8], any Error>) in
      let thread = Thread { [pool] in
        // Linux counts the niceness of each thread on its own.
        _ = nice(19)
        continuation.resume(
          with: Result {
            let named = try NamedStyle(style.name, path: style.model)
            let size = PreviewPainting(width: source.width, height: source.height, longSide: Self.longSide)
            let painted = try size.run(source.frame, orientation: source.orientation, style: named, pool: pool)
            return try PictureEncoder(format: painted.format).encode(painted)
          })
      }
      thread.name = "preview"
      thread.start()
    }
  }

  private func finish(_ key: Key, _ jpeg: [UInt8]?, seconds: Duration) {
    state.withLock { state in
      state.isPainting = false
      state.restsUntil = .now + (jpeg == nil ? .milliseconds(200) : seconds * 3)
      guard let jpeg else { return }
      state.cached[key] = Cached(jpeg: jpeg, time: .now)
      if state.cached.count > Self.maximumCount, let oldest = state.cached.min(by: { $0.value.time < $1.value.time }) {
        state.cached[oldest.key] = nil
      }
    }
  }
}

extension LiveServer {
  func addPreviews(to router: Router<ServerContext>) {
    router.get("api/streams/:id/preview") { [self] request, context in
      let stream = try stream(context)
      let name = request.uri.queryParameters.get("style") ?? ""
      guard let style = catalog.entry(name) else {
        throw RequestError(.notFound, field: "style", message: "there is no style with this name")
      }
      do {
        let jpeg = try await previews.picture(of: stream, in: style, streams: streams)
        return Answer.bytes(jpeg, "image/jpeg")
      } catch let absence as StylePreviews.Absence {
        switch absence {
        case .noFrame: throw Self.later(seconds: 5, "the stream has no frame at present")
        case .isBusy: throw Self.later(seconds: 1, "another preview is being painted")
        case .isBehind: throw Self.later(seconds: 10, "this machine does not keep up with the source")
        }
      } catch {
        throw RequestError(.unprocessableContent, message: "\(error)")
      }
    }
  }

  private static func later(seconds: Int, _ message: String) -> RequestError {
    RequestError(.serviceUnavailable, headers: [.retryAfter: "\(seconds)"], message: message)
  }
}
