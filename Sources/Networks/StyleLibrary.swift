import Foundation

/// Finds model files by the names of their styles.
public enum StyleLibrary {
  /// The style that the programs use where none is asked for.
  public static let defaultStyle = "starry"

  /// The folders that are searched, in order: `$IMPASTO_MODELS`, `share/impasto/models` of the installation that the running
  /// program belongs to, `models` of the working directory, and `models` of the checkout that the program was built in.
  public static var folders: [String] {
    var folders: [String] = []
    if let named = ProcessInfo.processInfo.environment["IMPASTO_MODELS"], !named.isEmpty { folders.append(named) }
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let directory = program.deletingLastPathComponent()
    folders.append(directory.deletingLastPathComponent().appendingPathComponent("share/impasto/models").path)
    folders.append("models")
    // .build/<triple>/release/program
    var ancestor = directory
    for _ in 0..<3 { ancestor.deleteLastPathComponent() }
    folders.append(ancestor.appendingPathComponent("models").path)
    return folders
  }

  /// The path of the model that `nameOrFile` means: a file if there is one of that name, else `NAME.safetensors` in the
  /// first of ``folders`` that has it. Throws ``ModelError/styleNotFound(name:searched:)``.
  public static func locate(_ nameOrFile: String) throws -> String {
    let manager = FileManager.default
    var isDirectory: ObjCBool = false
    let looksLikePath = nameOrFile.contains("/") || nameOrFile.hasSuffix(".safetensors")
    if looksLikePath || (manager.fileExists(atPath: nameOrFile, isDirectory: &isDirectory) && !isDirectory.boolValue) {
      return nameOrFile
    }
    let searched = folders
    for folder in searched {
      let path = folder + "/" + nameOrFile + ".safetensors"
      if manager.fileExists(atPath: path) { return path }
    }
    throw ModelError.styleNotFound(name: nameOrFile, searched: searched)
  }

  /// The names of all models that ``locate(_:)`` finds, sorted.
  public static var names: [String] {
    let files = folders.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] }
    let suffix = ".safetensors"
    return Set(files.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }).sorted()
  }
}
