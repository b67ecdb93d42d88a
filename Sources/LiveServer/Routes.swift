import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Networks

/// Helpers that build responses and decode request bodies.
enum Answer {
  /// Returns `value` as JSON with sorted keys.
  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return bytes(try encoder.encode(value), "application/json", status: status)
  }

  static func bytes(_ content: some Sequence<UInt8>, _ type: String, status: HTTPResponse.Status = .ok) -> Response {
    let body = ByteBuffer(bytes: content)
    return Response(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: body))
  }

  /// Returns the contents of a file on the server, at most `limit` bytes.
  static func file(_ path: String, _ type: String, upTo limit: Int = 16 << 20) throws -> Response {
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: limit) else {
      throw HTTPError(.notFound, message: "there is no image")
    }
    return bytes(data, type)
  }

  /// Decodes the request's body, which must be JSON of at most `limit` bytes. Other media types are rejected: pages of
  /// other sites can submit forms, but not JSON.
  static func decode<Value: Decodable>(_ type: Value.Type, from request: Request, upTo limit: Int) async throws -> Value
  {
    let contentType = request.headers[.contentType]?.split(separator: ";").first
    guard contentType?.lowercased() == "application/json" else {
      throw HTTPError(.unsupportedMediaType, message: "expected application/json")
    }
    let body = try await request.body.collect(upTo: limit)
    do {
      return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
    } catch let error as ModelError {
      throw HTTPError(.badRequest, message: "\(error)")
    } catch {
      throw HTTPError(.badRequest, message: "the request body has an unexpected structure")
    }
  }
}

extension LiveServer {
  private static let maximumPaintingSize = 16 << 20

  func addPage(to router: Router<ServerContext>) {
    router.get("/") { _, _ in Answer.bytes(PackageResources.index_html, "text/html; charset=utf-8") }
    router.get("app.js") { _, _ in Answer.bytes(PackageResources.app_js, "text/javascript; charset=utf-8") }
    router.get("app.css") { _, _ in Answer.bytes(PackageResources.app_css, "text/css; charset=utf-8") }
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
    router.post("api/session") { [self] request, _ in
      guard logins.take() else { throw HTTPError(.tooManyRequests, message: "too many attempts; try again later") }
      guard policy.admits(token: GuardMiddleware.bearerToken(request) ?? "") else {
        throw HTTPError(.unauthorized, message: "the token is missing or wrong")
      }
      var response = Response(status: .noContent)
      response.setCookie(
        Cookie(name: Sessions.cookie, value: sessions.begin(), path: "/", httpOnly: true, sameSite: .strict))
      return response
    }
  }

  func addStyles(to router: Router<ServerContext>) {
    struct Item: Encodable {
      var name: String
      var hasPicture: Bool
      var painting: StyleCredits.Painting?
    }
    router.get("api/styles") { [self] _, _ in
      try Answer.json([
        "styles": catalog.entries.map {
          Item(name: $0.name, hasPicture: $0.picture != nil, painting: $0.painting)
        }
      ])
    }
    router.get("api/styles/:name/picture") { [self] _, context in
      let name = context.parameters.get("name")?.removingPercentEncoding ?? ""
      guard let picture = catalog.entry(name)?.picture else {
        throw HTTPError(.notFound, message: "there is no image")
      }
      return try Answer.file(picture, "image/jpeg")
    }
  }

  func addTraining(to router: Router<ServerContext>) {
    struct List: Encodable {
      var isPossible: Bool
      var jobs: [TrainingQueue.Job]
    }
    router.get("api/training") { [self] _, _ in
      try Answer.json(List(isPossible: training != nil, jobs: training?.jobs ?? []))
    }
    router.post("api/training") { [self] request, _ in
      guard let training else { throw HTTPError(.notFound, message: "training is not enabled on this server") }
      guard request.headers[.contentType]?.hasPrefix("image/") == true else {
        throw HTTPError(.unsupportedMediaType, message: "expected image/png, image/jpeg or image/webp")
      }
      guard paintings.take() else { throw HTTPError(.tooManyRequests, message: "too many paintings; try again later") }
      let name = String((request.uri.queryParameters.get("name") ?? "style").prefix(200))
      let body = try await request.body.collect(upTo: Self.maximumPaintingSize)
      do {
        let job = try body.withUnsafeReadableBytes { try training.submit($0, name: name) }
        return try Answer.json(job, status: .accepted)
      } catch TrainingQueue.Refusal.isFull {
        throw HTTPError(
          .conflict, message: "the training queue is full: one training is running and another is waiting")
      } catch TrainingQueue.Refusal.unreadable(let reason) {
        throw HTTPError(.unprocessableContent, message: reason)
      } catch TrainingQueue.Refusal.unwritable(let reason) {
        throw HTTPError(.internalServerError, message: reason)
      }
    }
    router.delete("api/training/:id") { [self] _, context in
      guard training?.cancel(context.parameters.get("id") ?? "") == true else {
        throw HTTPError(.notFound, message: "no such training")
      }
      return Response(status: .noContent)
    }
    router.get("api/training/:id/preview") { [self] _, context in
      guard let file = training?.preview(context.parameters.get("id") ?? "") else {
        throw HTTPError(.notFound, message: "there is no preview yet")
      }
      return try Answer.file(file, "image/png")
    }
  }
}
