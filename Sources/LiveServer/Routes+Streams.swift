import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

extension LiveServer {
  /// The maximum number of waiting changes for one stream.
  private static let maximumWaitingChanges = 8
  /// How long to wait for a stream's first frame.
  private static let firstPictureTimeout = Duration.seconds(10)
  private static let maximumFrameSize = 2 << 20
  private static let maximumChangeSize = 16 << 10
  /// `TCP_NOTSENT_LOWAT` of Linux: the number of bytes that the system takes before it has sent those before.
  private static let unsentLimit = NIOBSDSocket.Option(rawValue: 25)
  private static let unsentBytes = 16 << 10

  func addStreams(to router: Router<ServerContext>) {
    router.get("api/streams") { [self] _, _ in try Answer.json(["streams": streams.map(state)]) }
    router.get("api/streams/:id") { [self] _, context in
      try Answer.json(state(try stream(context)))
    }
    router.post("api/streams/:id") { [self] request, context in
      let stream = try stream(context)
      let change = try await Answer.decode(StyleChange.self, from: request, upTo: Self.maximumChangeSize)
      if let fault = change.fault { throw RequestError(.badRequest, field: fault.field, message: fault.message) }
      try await apply(change, to: stream)
      return try Answer.json(state(stream))
    }
    router.get("api/streams/:id/video.chunks") { [self] request, context in
      try await video(.chunks, request, context)
    }
    router.get("api/streams/:id/video.mp4") { [self] request, context in
      try await video(.mp4, request, context)
    }
    router.get("api/streams/:id/video.mjpeg") { [self] request, context in
      try await video(.mjpeg, request, context)
    }
    router.post("api/streams/:id/frames") { [self] request, context in
      try await takeFrame(request, context)
    }
  }

  func state(_ stream: PaintedStream) -> StreamState {
    StreamState(stream, isCamera: camera?.stream === stream)
  }

  func stream(_ context: ServerContext) throws -> PaintedStream {
    let id = context.parameters.get("id") ?? ""
    guard let stream = streams.first(where: { $0.id == id }) else {
      throw RequestError(.notFound, message: "no such stream")
    }
    return stream
  }

  /// Applies a change on the stream's own queue, because loading and preparing models takes time.
  func apply(_ change: StyleChange, to stream: PaintedStream) async throws {
    let isFull =
      stream.waitingChanges.wrappingAdd(1, ordering: .relaxed).oldValue >= Self.maximumWaitingChanges
    defer { stream.waitingChanges.wrappingSubtract(1, ordering: .relaxed) }
    if isFull { throw RequestError(.tooManyRequests, message: "too many pending changes for this stream") }
    do {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        stream.control.async { [catalog] in
          continuation.resume(with: Result { try change.apply(to: stream, catalog: catalog) })
        }
      }
    } catch let error as StyleCatalog.Missing {
      throw RequestError(.notFound, field: "styles", message: "\(error)")
    } catch {
      throw RequestError(.unprocessableContent, message: "\(error)")
    }
  }

  // MARK: Video output

  private func video(_ form: StreamForm, _ request: Request, _ context: ServerContext) async throws -> Response {
    let stream = try stream(context)
    let wanted = request.uri.queryParameters.get("view") ?? StreamView.painted.rawValue
    guard let view = StreamView(rawValue: wanted), let broadcast = stream.output.broadcast(view, form) else {
      throw RequestError(.badRequest, field: "view", message: "unknown view: expected 'painted' or 'pair'")
    }
    guard let subscription = subscriptions.subscribe(to: broadcast, for: context.channel) else {
      throw RequestError(.serviceUnavailable, headers: [.retryAfter: "5"], message: "too many viewers")
    }
    await limitBuffers(of: context.channel)
    guard let first = await first(of: subscription.viewer), let head = first.head else {
      throw RequestError(.serviceUnavailable, headers: [.retryAfter: "1"], message: "no frame is available yet")
    }
    let counters = counters
    let body = ResponseBody { writer in
      try await writer.write(contentsOf: first.buffers)
      while let next = await subscription.viewer.next() {
        try await writer.write(contentsOf: next.buffers)
        counters.note(bytes: next.buffers.reduce(0) { $0 + $1.readableBytes })
      }
      try await writer.finish(nil)
    }
    return Response(status: .ok, headers: [.contentType: head.mediaType], body: body)
  }

  /// Limits what the connection buffers. What waits there delays pictures and cannot be dropped any more.
  private func limitBuffers(of channel: any Channel) async {
    let unsent = ChannelOptions.Types.SocketOption(level: .tcp, name: Self.unsentLimit)
    // A connection that has closed meanwhile needs no limits.
    try? await channel.setOption(unsent, value: Self.unsentBytes).get()
    try? await channel.setOption(.writeBufferWaterMark, value: .init(low: 1, high: Self.unsentBytes)).get()
  }

  private func first(of viewer: Viewer) async -> (buffers: [ByteBuffer], head: StreamHead?)? {
    let timer = Task(executorPreference: executor) {
      try await Task.sleep(for: Self.firstPictureTimeout)
      viewer.close()
    }
    defer { timer.cancel() }
    return await viewer.next()
  }

  // MARK: Frame input

  private func takeFrame(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard let camera, try stream(context) === camera.stream else {
      throw RequestError(.conflict, message: "this stream has its own source")
    }
    guard request.headers[.contentType] == "image/jpeg" else {
      throw RequestError(.unsupportedMediaType, field: "Content-Type", message: "expected image/jpeg")
    }
    let owner = request.uri.queryParameters.get("page") ?? ""
    guard (1...64).contains(owner.utf8.count) else {
      throw RequestError(.badRequest, field: "page", message: "expected a 'page' parameter of 1 to 64 bytes")
    }
    let written = request.uri.queryParameters.get("captured")
    let captured = written.flatMap { Int64($0) }
    guard written == nil || captured != nil else {
      throw RequestError(.badRequest, field: "captured", message: "expected a number of microseconds since 1970")
    }
    guard cameraFrames.take() else { throw RequestError(.tooManyRequests, message: "too many frames") }
    let body = try await request.body.collect(upTo: Self.maximumFrameSize)
    do {
      try body.withUnsafeReadableBytes { try camera.frames.post($0, owner: owner, captured: captured) }
    } catch PostedFrames.Refusal.isTaken {
      throw RequestError(.conflict, message: "another page is using its camera")
    } catch PostedFrames.Refusal.unreadable(let reason) {
      throw RequestError(.unprocessableContent, message: reason)
    }
    counters.noteFrame()
    return Response(status: .noContent)
  }
}
