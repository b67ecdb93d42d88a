import Foundation
import HTTPTypes
import Hummingbird
import Networks
import Streaming

extension LiveServer {
  private static let maximumRenamingSize = 1 << 10
  private static let maximumModelSize = 256 << 20

  func addStyles(to router: Router<ServerContext>) {
    router.get("api/styles") { [self] _, _ in try Answer.json(StyleList(catalog, trained)) }
    router.get("api/styles/:name/picture") { [self] _, context in
      try picture(try style(context).picture)
    }
    router.get("api/styles/:name/painting") { [self] _, context in
      try picture(try style(context).paintingPicture)
    }
    router.get("api/styles/:name/model") { [self] _, context in
      let entry = try ownStyle(context).entry
      var response = try Answer.file(entry.model, "application/octet-stream", upTo: Self.maximumModelSize)
      response.headers[.contentDisposition] = "attachment; filename=\"\(entry.name).safetensors\""
      return response
    }
    router.post("api/styles/:name") { [self] request, context in
      let (entry, trained) = try ownStyle(context)
      let renaming = try await Answer.decode(StyleRenaming.self, from: request, upTo: Self.maximumRenamingSize)
      return try await rename(entry, to: renaming.name, trained)
    }
    router.delete("api/styles/:name") { [self] _, context in
      let (entry, trained) = try ownStyle(context)
      return try await remove(entry, trained)
    }
  }

  private func style(_ context: ServerContext) throws -> StyleCatalog.Entry {
    let name = context.parameters.get("name")?.removingPercentEncoding ?? ""
    guard let entry = catalog.entry(name) else {
      throw RequestError(.notFound, field: "name", message: "there is no style with this name")
    }
    return entry
  }

  private func picture(_ path: String?) throws -> Response {
    guard let path else { throw RequestError(.notFound, message: "there is no image") }
    return try Answer.file(path, "image/jpeg")
  }

  /// Returns the style of the request if a server trained it in this model folder.
  private func ownStyle(_ context: ServerContext) throws -> (entry: StyleCatalog.Entry, trained: TrainedStyles) {
    let entry = try style(context)
    guard let trained, StyleList.isOwn(entry, trained, trained.names) else {
      throw RequestError(.forbidden, field: "name", message: "only styles that this server has trained can be managed")
    }
    return (entry, trained)
  }

  private func rename(_ entry: StyleCatalog.Entry, to name: String, _ trained: TrainedStyles) async throws -> Response {
    if let fault = TrainedStyles.fault(name) { throw RequestError(.badRequest, field: "name", message: fault) }
    let users = try await withLibrary { [self] in
      let open = training?.jobs.filter { $0.state == .running || $0.state == .waiting }.map(\.name) ?? []
      let target = StyleFiles(name: name, folder: trained.folder)
      catalog.refresh()
      let isTaken = target.all.contains { FileManager.default.fileExists(atPath: $0) }
      guard catalog.entry(name) == nil, !open.contains(name), !isTaken else {
        throw RequestError(.conflict, field: "name", message: "there is a style with this name already")
      }
      let users = streams.filter { stream in stream.style.settings.styles.contains { $0.name == entry.name } }
      do { try trained.rename(entry.files, to: name) } catch {
        throw RequestError(.internalServerError, message: "the style cannot be renamed")
      }
      catalog.refresh()
      return users
    }
    // The streams paint the same model under its other name.
    for stream in users {
      let parts = stream.style.settings.styles.map {
        StyleChange.Part(name: $0.name == entry.name ? name : $0.name, share: $0.share)
      }
      try await apply(StyleChange(styles: parts), to: stream)
    }
    return try Answer.json(["streams": users.map(state)])
  }

  /// Removes a style. The streams that show it fade to the rest of their mixtures, or to the style that they began
  /// with, or if that is not there either, to the first in the list.
  private func remove(_ entry: StyleCatalog.Entry, _ trained: TrainedStyles) async throws -> Response {
    let others = catalog.entries.filter { $0.name != entry.name }
    let users = streams.filter { stream in stream.style.settings.styles.contains { $0.name == entry.name } }
    for stream in users {
      var parts = stream.style.settings.styles.filter { $0.name != entry.name && $0.share > 0 }.map {
        StyleChange.Part(name: $0.name, share: $0.share)
      }
      if parts.isEmpty, let fallback = others.first(where: { $0.name == stream.initialStyle }) ?? others.first {
        parts = [StyleChange.Part(name: fallback.name, share: 1)]
      }
      guard !parts.isEmpty else {
        throw RequestError(.conflict, field: "name", message: "it is the only style, and a stream shows it")
      }
      try await apply(StyleChange(styles: parts), to: stream)
    }
    try await withLibrary { [self] in
      do { try trained.remove(entry.files) } catch {
        throw RequestError(.internalServerError, message: "the style cannot be deleted")
      }
      catalog.refresh()
    }
    return try Answer.json(["streams": users.map(state)])
  }

  /// Changes of files, one after another.
  private func withLibrary<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Result, any Error>) in
      library.async { continuation.resume(with: Swift.Result { try body() }) }
    }
  }
}

/// The body of a request that renames a style.
private struct StyleRenaming: Decodable {
  private enum CodingKeys: CodingKey, CaseIterable { case name }

  var name: String

  init(from decoder: any Decoder) throws {
    name = try decoder.knownValues(CodingKeys.self).decode(String.self, forKey: .name)
  }
}

/// The styles in the HTTP API.
struct StyleList: Encodable {
  struct Item: Encodable {
    var name: String
    var hasPicture: Bool
    var hasPaintingPicture: Bool
    /// Whether this server has trained the style, so that it can be renamed, downloaded and deleted.
    var isOwn: Bool
    var painting: StyleCredits.Painting?
    var network: StyleNetwork?
  }

  var styles: [Item]

  init(_ catalog: StyleCatalog, _ trained: TrainedStyles?) {
    let names = trained?.names ?? []
    styles = catalog.entries.map { entry in
      Item(
        name: entry.name, hasPicture: entry.picture != nil, hasPaintingPicture: entry.paintingPicture != nil,
        isOwn: trained.map { Self.isOwn(entry, $0, names) } ?? false, painting: entry.painting, network: entry.network)
    }
  }

  /// Whether the style is one of `names` and in their folder: another folder may have a style of the same name.
  static func isOwn(_ entry: StyleCatalog.Entry, _ trained: TrainedStyles, _ names: Set<String>) -> Bool {
    names.contains(entry.name) && entry.model == StyleFiles(name: entry.name, folder: trained.folder).model
  }
}
