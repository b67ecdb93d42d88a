import HTTPTypes
import Hummingbird
import NIOCore

/// What is known of a request beside itself.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The connection.
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}

/// Stands in front of every route: refuses what must not be asked, and adds the headers that every answer has.
struct GuardMiddleware: RouterMiddleware {
  typealias Context = ServerContext

  /// Where anybody who reaches the server may look: what the page is made of holds no secret.
  private static let openPaths: Set<String> = ["/", "/app.js", "/app.css", "/healthz", "/api/session"]
  /// Only what comes from here runs; nobody may show the page inside another.
  private static let contentPolicy = """
    default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'
    """
  private static let headers: [(String, String)] = [
    ("Content-Security-Policy", contentPolicy), ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(self), microphone=(), geolocation=()"),
  ]

  let policy: AccessPolicy
  let sessions: Sessions
  let counters: ServerCounters
  /// Of everything that changes something; uploads have limits of their own beside it.
  private let changes = RateLimit(rate: 100, burst: 200)

  init(policy: AccessPolicy, sessions: Sessions, counters: ServerCounters) {
    self.policy = policy
    self.sessions = sessions
    self.counters = counters
  }

  func handle(
    _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      try check(request)
      response = try await next(request, context)
    } catch let error as any HTTPResponseError {
      response = try error.response(from: request, context: context)
    }
    counters.note(status: response.status.code)
    for (name, value) in Self.headers {
      if let name = HTTPField.Name(name) { response.headers[name] = value }
    }
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    return response
  }

  private func check(_ request: Request) throws {
    let host = request.head.authority
    guard policy.admits(host: host) else {
      throw HTTPError(.misdirectedRequest, message: "this server is not known by that name; see --allow-host")
    }
    let path = request.uri.path
    let isNavigation = request.method == .get && path == "/"
    if let name = HTTPField.Name("Sec-Fetch-Site"), let site = request.headers[name], !isNavigation,
      site != "same-origin", site != "none"
    {
      throw HTTPError(.forbidden, message: "a page of another site may not ask for this")
    }
    if request.method != .get, request.method != .head {
      guard policy.admits(origin: request.headers[.origin], host: host) else {
        throw HTTPError(.forbidden, message: "a page of another site may not ask for this")
      }
      guard changes.take() else { throw HTTPError(.tooManyRequests, message: "too many requests") }
    }
    guard policy.needsToken, !Self.openPaths.contains(path), !isKnown(request) else { return }
    throw HTTPError(.unauthorized, message: "the token is missing or wrong")
  }

  private func isKnown(_ request: Request) -> Bool {
    if let token = Self.bearerToken(request) { return policy.admits(token: token) }
    return request.cookies[Sessions.cookie].map { sessions.contains($0.value) } ?? false
  }

  /// The token of the Authorization header; nil where there is none.
  static func bearerToken(_ request: Request) -> String? {
    guard let value = request.headers[.authorization], value.lowercased().hasPrefix("bearer ") else { return nil }
    return String(value.dropFirst("bearer ".count))
  }
}
