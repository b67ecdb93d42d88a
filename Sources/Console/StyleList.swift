import Foundation
import Networks

/// The styles that an installation has, as `--list-styles` prints them. Model files are read no further than their headers.
public struct StyleList: Encodable, Equatable, Sendable {
  /// One style.
  public struct Entry: Encodable, Equatable, Sendable {
    /// Its name, for `--style`.
    public var name: String
    /// Its network, see `NetworkDefinition.title`; nil where the file is no model.
    public var network: String?
    /// The lines of the canvas that it paints on; nil where there is none.
    public var canvas: Int?
    /// The size of the file in bytes; nil where the system does not tell.
    public var bytes: Int?
    /// The model file.
    public var file: String
    /// Whether the programs use it unless told otherwise.
    public var isDefault: Bool
    /// What is wrong with the file, in one sentence that names it; nil for a sound one.
    public var error: String?
  }

  /// The styles, sorted by name; of equal names, that of the first folder counts.
  public let styles: [Entry]
  private let folders: [String]

  private enum CodingKeys: String, CodingKey { case styles }

  /// Looks for the styles of `installation` and reads their headers.
  public init(_ installation: Installation) {
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

  /// A table with one line for each style, without a newline at its end.
  public var text: String {
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

  /// The network and its canvas, which a description names by itself.
  private static func network(_ entry: Entry) -> String {
    guard let network = entry.network else { return "unreadable" }
    guard let lines = entry.canvas, NetworkDefinition.names.contains(network) else { return network }
    return "\(network), canvas of \(lines) lines"
  }

  /// In thousands of bytes, or in millions from a thousand of those.
  private static func size(_ bytes: Int) -> String {
    bytes < 999_500 ? "\((bytes + 500) / 1000) kB" : String(format: "%.1f MB", Double(bytes) / 1e6)
  }
}
