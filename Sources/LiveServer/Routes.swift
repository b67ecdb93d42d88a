import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Helpers that build responses and decode request bodies.
enum Answer {
  static let jsonType = "application/json"

  /// Returns `value` as JSON with sorted keys and without line breaks.
  static func data(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }

  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    bytes(try data(value), jsonType, status: status)
  }

  static func bytes(_ content: some Sequence<UInt8>, _ type: String, status: HTTPResponse.Status = .ok) -> Response {
    let body = ByteBuffer(bytes: content)
    return Response(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: body))
  }

  /// Returns the contents of a file on the server, at most `limit` bytes.
  static func file(_ path: String, _ type: String, upTo limit: Int = 16 << 20) throws -> Response {
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: limit) else {
      throw RequestError(.notFound, message: "there is no image")
    }
    return bytes(data, type)
  }

  /// Decodes the request's body, which must be JSON of at most `limit` bytes. Other media types are rejected: pages of
  /// other sites can submit forms, but not JSON.
  static func decode<Value: Decodable>(_ type: Value.Type, from request: Request, upTo limit: Int) async throws -> Value
  {
    let contentType = request.headers[.contentType]?.split(separator: ";").first
    guard contentType?.lowercased() == "application/json" else {
      throw RequestError(.unsupportedMediaType, field: "Content-Type", message: "expected application/json")
    }
    let body = try await request.body.collect(upTo: limit)
    do {
      return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
    } catch let error as DecodingError {
      throw RequestError(error)
    }
  }
}

extension LiveServer {
  private static let maximumPaintingSize = 16 << 20

  func addPage(to router: Router<ServerContext>) {
    router.get("/") { request, _ in PageFiles.response(to: request, PageFiles.document) }
    router.get("page/:file") { request, context in
      guard let file = PageFiles.files[context.parameters.get("file") ?? ""] else {
        throw RequestError(.notFound, message: "there is nothing at this path")
      }
      return PageFiles.response(to: request, file)
    }
  }

  func addSystem(to router: Router<ServerContext>) {
    router.get("healthz") { [self] _, _ in
      let isHealthy = streams.contains { $0.condition.condition != .failing } || streams.isEmpty
      return try Answer.json(
        ["status": isHealthy ? "ok" : "failing"], status: isHealthy ? .ok : .serviceUnavailable)
    }
    router.get("metrics") { [self] _, _ in
      let metrics = MetricsText(streams: streams, counters: counters, training: training)
      return Answer.bytes(metrics.text.utf8, "text/plain; version=0.0.4; charset=utf-8")
    }
    // The page presents the token once, in a header, and then uses a cookie that scripts cannot read.
    router.post("api/session") { [self] request, context in
      try guesses.check(request, context, policy)
      var response = Response(status: .noContent)
      response.setCookie(
        Cookie(
          name: Sessions.cookie, value: sessions.begin(), path: "/", secure: options.identity != nil, httpOnly: true,
          sameSite: .strict))
      return response
    }
  }

  func addTraining(to router: Router<ServerContext>) {
    router.get("api/training") { [self] _, _ in try Answer.json(TrainingList(training)) }
    router.post("api/training") { [self] request, _ in
      guard let training else { throw RequestError(.notFound, message: "training is not enabled on this server") }
      if let obstacle = training.obstacle { throw RequestError(.serviceUnavailable, message: obstacle) }
      guard request.headers[.contentType]?.hasPrefix("image/") == true else {
        throw RequestError(
          .unsupportedMediaType, field: "Content-Type", message: "expected image/png, image/jpeg or image/webp")
      }
      guard paintings.take() else {
        throw RequestError(.tooManyRequests, message: "too many paintings; try again later")
      }
      let name = String((request.uri.queryParameters.get("name") ?? "style").prefix(200))
      let body = try await request.body.collect(upTo: Self.maximumPaintingSize)
      do {
        let job = try body.withUnsafeReadableBytes { try training.submit($0, name: name) }
        return try Answer.json(job, status: .accepted)
      } catch TrainingQueue.Refusal.isFull {
        throw RequestError(
          .conflict, message: "the training queue is full: one training is running and another is waiting")
      } catch TrainingQueue.Refusal.unreadable(let reason) {
        throw RequestError(.unprocessableContent, message: reason)
      } catch TrainingQueue.Refusal.unwritable(let reason) {
        throw RequestError(.internalServerError, message: reason)
      }
    }
    router.delete("api/training/:id") { [self] _, context in
      guard training?.cancel(context.parameters.get("id") ?? "") == true else {
        throw RequestError(.notFound, message: "no such training")
      }
      return Response(status: .noContent)
    }
    router.get("api/training/:id/preview") { [self] _, context in
      guard let file = training?.preview(context.parameters.get("id") ?? "") else {
        throw RequestError(.notFound, message: "there is no preview yet")
      }
      return try Answer.file(file, "image/png")
    }
    router.get("api/training/:id/painting") { [self] _, context in
      guard let painting = training?.painting(context.parameters.get("id") ?? "") else {
        throw RequestError(.notFound, message: "there is no painting")
      }
      return try Answer.file(painting.path, painting.mediaType)
    }
  }
}

/// The trainings in the HTTP API.
struct TrainingList: Encodable {
  var isPossible: Bool
  /// Why training is not possible although it is enabled.
  var obstacle: String?
  /// How long a training takes on this machine in seconds, from the latest one; absent before the first.
  var usualSeconds: Double?
  var jobs: [TrainingQueue.Job]

  init(_ training: TrainingQueue?) {
    obstacle = training?.obstacle
    isPossible = training != nil && obstacle == nil
    usualSeconds = training?.usualSeconds
    jobs = training?.jobs ?? []
  }
}
