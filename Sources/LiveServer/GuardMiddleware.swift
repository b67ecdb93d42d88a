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
  private static let openPaths: Set<String> = ["/", "/healthz", "/api/session"]
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
  let guesses: Guesses
  let methods: AllowedMethods
  let counters: ServerCounters
  /// Limits all requests that change something. Uploads have additional limits.
  private let changes = RateLimit(rate: 100, burst: 200)

  init(server: LiveServer, methods: AllowedMethods) {
    policy = server.policy
    sessions = server.sessions
    guesses = server.guesses
    counters = server.counters
    self.methods = methods
  }

  func handle(
    _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      try check(request, context)
      if let options = try options(request) {
        response = options
      } else {
        response = try await next(request, context)
      }
    } catch let error as RequestError {
      response = try error.response(from: request, context: context)
    } catch let error as any HTTPResponseError {
      response = try RequestError(error).response(from: request, context: context)
    }
    counters.note(status: response.status.code)
    for (name, value) in Self.headers {
      if let name = HTTPField.Name(name) { response.headers[name] = value }
    }
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    return response
  }

  private func check(_ request: Request, _ context: ServerContext) throws {
    let host = request.head.authority
    guard policy.admits(host: host) else {
      throw RequestError(.misdirectedRequest, field: "Host", message: "unknown host name; see --allow-host")
    }
    let path = request.uri.path
    let isNavigation = request.method == .get && path == "/"
    if let name = HTTPField.Name("Sec-Fetch-Site"), let site = request.headers[name], !isNavigation,
      site != "same-origin", site != "none"
    {
      throw RequestError(.forbidden, message: "requests from other sites are not allowed")
    }
    if ![.get, .head, .options].contains(request.method) {
      guard policy.admits(origin: request.headers[.origin], host: host) else {
        throw RequestError(.forbidden, message: "requests from other sites are not allowed")
      }
      guard Self.isInput(path) || changes.take() else {
        throw RequestError(.tooManyRequests, message: "too many requests")
      }
    }
    guard policy.needsToken, !Self.openPaths.contains(path), !path.hasPrefix("/page/") else { return }
    if Guesses.bearerToken(request) != nil { return try guesses.check(request, context, policy) }
    guard let cookie = request.cookies[Sessions.cookie], sessions.contains(cookie.value) else {
      throw RequestError(.unauthorized, field: "Authorization", message: "the token is missing or wrong")
    }
  }

  /// Whether a path is that of input, which comes with every frame and has a limit of its own.
  private static func isInput(_ path: String) -> Bool { path.hasSuffix("/controls/input") }

  /// Answers `OPTIONS`, and refuses paths and methods that the server does not have. Returns nil for other requests.
  private func options(_ request: Request) throws -> Response? {
    guard let allowed = methods[request.uri.path] else {
      throw RequestError(.notFound, message: "there is nothing at this path")
    }
    let list: HTTPFields = [.allow: allowed.map(\.rawValue).joined(separator: ", ")]
    if request.method == .options { return Response(status: .noContent, headers: list) }
    if allowed.contains(request.method) { return nil }
    throw RequestError(
      .methodNotAllowed, headers: list, message: "the path does not take \(request.method.rawValue.prefix(20))")
  }
}
