import Foundation
import Networks
import Streaming
import Synchronization

/// The styles in the model folders. Files may be added and removed at any time.
///
/// A name from a request is looked up in the list and never becomes part of a path.
package final class StyleCatalog: Sendable {
  /// An available style.
  package struct Entry: Equatable, Sendable {
    /// The style's name, which is the file name without its extension.
    package let name: String
    /// The path of the model file.
    package let model: String
    /// The path of the preview image next to the model; nil if there is none.
    package let picture: String?
    /// The path of a small picture of the painting next to the model; nil if there is none.
    package let paintingPicture: String?
    /// The painting that the style was trained on, from the card next to the model; nil if unknown.
    package let painting: StyleCredits.Painting?
    /// The network, from the card next to the model; nil if unknown.
    package let network: StyleNetwork?
    /// The paths of the style's files.
    let files: StyleFiles

    fileprivate init(_ files: StyleFiles) {
      (name, model) = (files.name, files.model)
      picture = FileManager.default.fileExists(atPath: files.picture) ? files.picture : nil
      paintingPicture = FileManager.default.fileExists(atPath: files.painting) ? files.painting : nil
      let data = FileManager.default.contents(atPath: files.card)
      let card = data.flatMap { try? JSONDecoder().decode(Card.self, from: $0) }
      painting = card?.credits?.painting
      network = card?.network.flatMap { StyleNetwork($0.name, width: $0.width ?? 1) }
      self.files = files
    }

    /// The part of a card that the catalog uses.
    private struct Card: Decodable {
      struct Network: Decodable {
        var name: String
        var width: Double?
      }

      var credits: StyleCredits?
      var network: Network?
    }
  }

  private struct Listing {
    var entries: [Entry] = []
    var time: ContinuousClock.Instant?
  }

  private struct Loaded {
    var model: any StylizerFactory
    var stamp: Date?
  }

  private static let freshness = Duration.seconds(1)
  /// The number of prepared models to keep, so that returning to a style is quick.
  private static let keptModels = 6

  private let folders: [String]
  private let listing = Mutex(Listing())
  private let loaded = Mutex<[(path: String, loaded: Loaded)]>([])

  /// Creates a catalog of the styles in `folders`. If folders contain styles with the same name, the first folder wins.
  package init(folders: [String]) { self.folders = folders }

  /// All styles, sorted by name.
  package var entries: [Entry] {
    listing.withLock { listing in
      if let time = listing.time, time.duration(to: .now) < Self.freshness { return listing.entries }
      listing = Listing(entries: read(), time: .now)
      return listing.entries
    }
  }

  /// Discards the cached list after a file has been added or removed.
  func refresh() { listing.withLock { $0.time = nil } }

  private func read() -> [Entry] {
    var found: [String: Entry] = [:]
    for folder in folders {
      for name in StyleFiles.names(in: folder) where found[name] == nil {
        found[name] = Entry(StyleFiles(name: name, folder: folder))
      }
    }
    return found.values.sorted { $0.name < $1.name }
  }

  /// Returns the style named `name`, or nil if there is none.
  package func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

  /// Returns the style named `name`, ready to use. This takes a moment for a style that is not cached.
  ///
  /// - Throws: ``Missing``, or an error of the model file.
  package func style(_ name: String) throws -> NamedStyle {
    guard let entry = entry(name) else { throw Missing(name: name, known: entries.map(\.name)) }
    let attributes = try? FileManager.default.attributesOfItem(atPath: entry.model)
    let stamp = attributes?[.modificationDate] as? Date
    let kept = loaded.withLock { list in list.first { $0.path == entry.model && $0.loaded.stamp == stamp }?.loaded }
    if let kept { return NamedStyle(name, model: kept.model) }
    let style = try NamedStyle(name, path: entry.model)
    loaded.withLock { list in
      list.removeAll { $0.path == entry.model }
      list.insert((entry.model, Loaded(model: style.model, stamp: stamp)), at: 0)
      if list.count > Self.keptModels { list.removeLast() }
    }
    return style
  }

  /// There is no style with this name.
  package struct Missing: Error, Equatable, CustomStringConvertible {
    /// The name.
    package let name: String
    /// The names of the available styles.
    package let known: [String]

    /// The error message, one sentence.
    package var description: String {
      "there is no style '\(name.prefix(80))' (available: \(known.joined(separator: ", ")))"
    }
  }
}
