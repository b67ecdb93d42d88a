import HTTPTypes
import Hummingbird

/// The methods that each path of the server takes, from its routes.
struct AllowedMethods: Sendable {
  private let routes: [(path: RouterPath, method: HTTPRequest.Method)]

  init(_ routes: [Router<ServerContext>.RouteDescription]) {
    self.routes = routes.map { ($0.path, $0.method) }
  }

  /// Returns the methods of the routes that match `path`, sorted, with those that follow from them: `HEAD` from `GET`,
  /// and `OPTIONS`. Returns nil if the server has nothing at this path.
  subscript(_ path: String) -> [HTTPRequest.Method]? {
    let parts = path.split(separator: "/")
    var methods = Set(
      routes.lazy.filter { route in
        route.path.components.count == parts.count && zip(route.path.components, parts).allSatisfy { $0 ~= $1 }
      }.map(\.method))
    if methods.isEmpty { return nil }
    if methods.contains(.get) { methods.insert(.head) }
    methods.insert(.options)
    return methods.sorted { $0.rawValue < $1.rawValue }
  }
}
