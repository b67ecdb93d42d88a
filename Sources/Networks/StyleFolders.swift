import FoundationEssentials

/// No folder has a style with this name.
public struct MissingStyle: Error, Equatable, Sendable, CustomStringConvertible {
  /// The name.
  package let name: String
  /// The folders that were searched.
  package let folders: [String]
  /// The names of the styles that they have.
  package let known: [String]

  /// Creates the error.
  package init(name: String, folders: [String], known: [String]) {
    self.name = name
    self.folders = folders
    self.known = known
  }

  /// One sentence with the name, the folders that were searched, and the choice.
  public var description: String {
    let choice = known.isEmpty ? "there are none" : "known: \(known.joined(separator: ", "))"
    return "\(name): no such style file, and no style of that name in \(folders.joined(separator: ", ")) (\(choice))"
  }
}

/// The folders in which styles are found by name.
///
/// Only `$IMPASTO_MODELS` if it is set. Otherwise `./models`, where `train-style` writes, then what belongs to the
/// program or to the library, and for those in their build folder the checkout's `models`.
package struct StyleFolders: Sendable {
  /// The folders in search order.
  package let paths: [String]

  /// Exactly these folders.
  package init(_ paths: [String]) { self.paths = paths }

  /// The folders of a program in `directory`, such as `/usr/bin`; nil if that is unknown. Styles that are installed
  /// with it are in `../share/impasto/models`.
  package init(environment: [String: String], programIn directory: String?) {
    self.init(environment, directory) { [Self.parent(of: $0) + "/share/impasto/models"] }
  }

  /// The folders of a library in `directory`; nil if that is unknown.
  ///
  /// Its styles are in `models` beside it, as in a Python package, in `../share/impasto/models`, as for `/usr/lib`, or
  /// one folder further up, as for `/usr/lib/x86_64-linux-gnu`.
  package init(environment: [String: String], libraryIn directory: String?) {
    self.init(environment, directory) { directory in
      let above = Self.parent(of: directory)
      return [
        directory + "/models", above + "/share/impasto/models", Self.parent(of: above) + "/share/impasto/models",
      ]
    }
  }

  private init(_ environment: [String: String], _ directory: String?, installed: (String) -> [String]) {
    if let models = environment["IMPASTO_MODELS"], !models.isEmpty {
      paths = [models]
    } else {
      let checkout = directory.flatMap(Self.checkout(ofBuildFolder:))
      paths = ["models"] + (directory.map(installed) ?? []) + (checkout.map { [$0 + "/models"] } ?? [])
    }
  }

  /// Returns the package folder of a program or library in `<package>/.build/…`; nil for others.
  private static func checkout(ofBuildFolder directory: String) -> String? {
    let parts = directory.split(separator: "/" as Character, omittingEmptySubsequences: false)
    guard let place = parts.firstIndex(of: ".build"), place < parts.count - 1 else { return nil }
    return parts[..<place].joined(separator: "/")
  }

  /// Returns the path before the last slash; empty for a folder in the root.
  private static func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  /// Returns the model file of a style.
  ///
  /// - Parameter nameOrPath: A name such as `starry`, or a path: any text that contains a slash or ends in
  ///   `.safetensors`. Paths are returned unchanged, whether or not the file exists.
  /// - Throws: ``MissingStyle`` if no folder has the style.
  package func file(_ nameOrPath: String) throws(MissingStyle) -> String {
    if nameOrPath.contains("/") || StyleFiles.isModel(nameOrPath) { return nameOrPath }
    for folder in paths {
      let path = StyleFiles(name: nameOrPath, folder: folder).model
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    throw MissingStyle(name: nameOrPath, folders: paths, known: names)
  }

  /// The names of all styles in the folders, sorted.
  package var names: [String] { Set(paths.flatMap(StyleFiles.names(in:))).sorted() }
}
