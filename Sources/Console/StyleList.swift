import Foundation
import Networks

/// The styles of an installation, for `--list-styles`. Reads only the headers of the model files.
package struct StyleList: Encodable, Equatable, Sendable {
  /// A style.
  package struct Entry: Encodable, Equatable, Sendable {
    /// The name, for `--style`.
    package var name: String
    /// The title of the network, see `NetworkDefinition.title`; nil if the file is not a model.
    package var network: String?
    /// The number of lines of the canvas; nil if there is no canvas.
    package var canvas: Int?
    /// The size of the file in bytes; nil if it is unknown.
    package var bytes: Int?
    /// The model file.
    package var file: String
    /// Whether this is the default style.
    package var isDefault: Bool
    /// One sentence with the file's name and the problem; nil for an intact file.
    package var error: String?
  }

  /// The styles, sorted by name. If several folders have a style with the same name, the first folder wins.
  package let styles: [Entry]
  private let folders: [String]

  private enum CodingKeys: String, CodingKey { case styles }

  /// Finds the styles of `installation` and reads their headers.
  package init(_ installation: Installation) {
    folders = installation.modelDirectories
    styles = installation.styleNames.map { Self.entry($0, installation) }
  }

  private static func entry(_ name: String, _ installation: Installation) -> Entry {
    var entry = Entry(name: name, file: name, isDefault: name == Installation.defaultStyle)
    do {
      entry.file = try installation.styleFile(name)
      let attributes = try FileManager.default.attributesOfItem(atPath: entry.file)
      entry.bytes = (attributes[.size] as? NSNumber)?.intValue
      let definition = try StyleModel.definition(ofFile: entry.file)
      (entry.network, entry.canvas) = (definition.title, definition.canvasLines)
    } catch {
      entry.error = "\(error)"
    }
    return entry
  }

  /// A table with one line per style, without a final newline.
  package var text: String {
    guard !styles.isEmpty else { return "no styles in \(folders.joined(separator: ", "))" }
    let rows = styles.map { entry in
      [
        entry.name + (entry.isDefault ? " (default)" : ""), Self.network(entry),
        entry.bytes.map(Self.size) ?? "", entry.error ?? entry.file,
      ]
    }
    let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      zip(row, widths).map { $0.padding(toLength: $1 + 2, withPad: " ", startingAt: 0) }.joined()
        + row[3]
    }.joined(separator: "\n")
  }

  /// The network and its canvas. A description already includes the canvas.
  private static func network(_ entry: Entry) -> String {
    guard let network = entry.network else { return "unreadable" }
    guard let lines = entry.canvas, NetworkDefinition.names.contains(network) else { return network }
    return "\(network), canvas of \(lines) lines"
  }

  /// The size in kB, or in MB from one million bytes.
  private static func size(_ bytes: Int) -> String {
    bytes < 999_500 ? "\((bytes + 500) / 1000) kB" : String(format: "%.1f MB", Double(bytes) / 1e6)
  }
}
