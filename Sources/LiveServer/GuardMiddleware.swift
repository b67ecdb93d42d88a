import HTTPTypes
import Hummingbird
import NIOCore

/// The context of a request.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The client's connection.
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}

/// Rejects forbidden requests before they reach a route, and adds common headers to every response.
struct GuardMiddleware: RouterMiddleware {
  typealias Context = ServerContext

  /// Paths that need no token: the page's files contain no secrets.
  private static let openPaths: Set<String> = ["/", "/app.js", "/app.css", "/healthz", "/api/session"]
  /// Only scripts from this server run, and no other site may frame the page.
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
  /// Limits all requests that change something. Uploads have additional limits.
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
      throw HTTPError(.misdirectedRequest, message: "unknown host name; see --allow-host")
    }
    let path = request.uri.path
    let isNavigation = request.method == .get && path == "/"
    if let name = HTTPField.Name("Sec-Fetch-Site"), let site = request.headers[name], !isNavigation,
      site != "same-origin", site != "none"
    {
      throw HTTPError(.forbidden, message: "requests from other sites are not allowed")
    }
    if request.method != .get, request.method != .head {
      guard policy.admits(origin: request.headers[.origin], host: host) else {
        throw HTTPError(.forbidden, message: "requests from other sites are not allowed")
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

  /// Returns the bearer token of the Authorization header, if any.
  static func bearerToken(_ request: Request) -> String? {
    guard let value = request.headers[.authorization], value.lowercased().hasPrefix("bearer ") else { return nil }
    return String(value.dropFirst("bearer ".count))
  }
}
