import Foundation

/// Finds programs as a shell does, and in the folders of games, which the path of root lacks.
enum ProgramPath {
  private static let gameFolders = ["/usr/local/games", "/usr/games"]

  /// The folders with programs, separated by colons.
  static var folders: String {
    let own = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    let known = own.split(separator: ":").map(String.init)
    return ([own] + gameFolders.filter { !known.contains($0) }).joined(separator: ":")
  }

  /// Returns the path of the program called `name`.
  ///
  /// - Parameter package: The Debian package that has it.
  /// - Throws: ``GameError/missingProgram(name:package:)``.
  static func find(_ name: String, package: String? = nil) throws(GameError) -> String {
    let candidates = name.contains("/") ? [name] : folders.split(separator: ":").map { "\($0)/\(name)" }
    let found = candidates.first { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
        && FileManager.default.isExecutableFile(atPath: path)
    }
    guard let found else { throw .missingProgram(name: name, package: package) }
    return found
  }
}
