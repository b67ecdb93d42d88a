import Foundation
import Networks

/// Why a style or a data file was not found.
public enum InstallationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// No style of that name in any of the folders.
  case missingStyle(name: String, folders: [String], known: [String])
  /// A file or folder that `make setup` brings is not there.
  case missingData(name: String, folders: [String])

  /// One sentence that names what was looked for, where, and what helps.
  public var description: String {
    switch self {
    case .missingStyle(let name, let folders, let known):
      let choice = known.isEmpty ? "none are there" : "known: \(known.joined(separator: ", "))"
      return "\(name): no such style file, and no style of that name in \(folders.joined(separator: ", ")) (\(choice))"
    case .missingData(let name, let folders):
      return "\(name): not found in \(folders.joined(separator: ", ")); 'make setup' brings it"
    }
  }
}

/// Where the shipped styles and the downloaded training data lie on this machine.
///
/// Styles: `$IMPASTO_MODELS` alone if it is set, else `./models` (where `train-style` writes), then
/// `../share/impasto/models` from the program, or the checkout's `models` for a program that lies in its build folder.
/// Data: `$IMPASTO_DATA` alone if it is set, else the user's `$XDG_DATA_HOME/impasto` (`~/.local/share/impasto`), then
/// `../share/impasto` from the program. `make setup` writes to the first of them.
public struct Installation: Sendable {
  /// The style that the programs use unless told otherwise.
  public static let defaultStyle = "starry"

  /// Folders with style files, in the order in which they are searched.
  public let modelDirectories: [String]
  /// Folders with training data, in the order in which they are searched.
  public let dataDirectories: [String]

  /// The folders for a program that lies in `executableDirectory`, with the given environment.
  public init(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    executableDirectory: String? = Installation.executableDirectory
  ) {
    let shared = executableDirectory.map { (($0 as NSString).deletingLastPathComponent) + "/share/impasto" }
    if let models = environment.nonEmpty("IMPASTO_MODELS") {
      modelDirectories = [models]
    } else {
      let checkout = executableDirectory.flatMap(Self.checkout(ofBuildFolder:))
      modelDirectories = ["models"] + [shared, checkout].compactMap { $0.map { $0 + "/models" } }
    }
    if let data = environment.nonEmpty("IMPASTO_DATA") {
      dataDirectories = [data]
    } else {
      // `NSHomeDirectory` reads the user database first, while make and the shell go by HOME.
      let home = environment.nonEmpty("HOME") ?? NSHomeDirectory()
      let userData = environment.nonEmpty("XDG_DATA_HOME") ?? home + "/.local/share"
      dataDirectories = [userData + "/impasto"] + (shared.map { [$0] } ?? [])
    }
  }

  /// The folder of the running program, links followed; nil where the system does not tell.
  public static var executableDirectory: String? {
    let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return path.map { ($0 as NSString).deletingLastPathComponent }
  }

  /// The package folder of a program in `<package>/.build/…`; nil for other programs.
  private static func checkout(ofBuildFolder directory: String) -> String? {
    directory.range(of: "/.build/").map { String(directory[..<$0.lowerBound]) }
  }

  /// The file of a style given by its name (`starry`) or as a path.
  ///
  /// What contains a slash or ends in `.safetensors` is a path and returned as it is, whether or not the file exists.
  public func styleFile(_ nameOrPath: String) throws(InstallationError) -> String {
    if nameOrPath.contains("/") || StyleFiles.isModel(nameOrPath) { return nameOrPath }
    for directory in modelDirectories {
      let path = StyleFiles(name: nameOrPath, folder: directory).model
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    throw .missingStyle(name: nameOrPath, folders: modelDirectories, known: styleNames)
  }

  /// The names of all styles found, sorted.
  public var styleNames: [String] {
    Set(modelDirectories.flatMap(StyleFiles.names(in:))).sorted()
  }

  /// The model that trainings of `network` start from, `base/NETWORK.safetensors` in the first folder of models that has it; nil
  /// where none has.
  public func baseModel(network: String) -> String? {
    modelDirectories.lazy.map { StyleFiles(name: network, folder: "\($0)/base").model }.first(
      where: FileManager.default.fileExists(atPath:))
  }

  /// The path of `name` in the first data folder that has it.
  public func dataFile(_ name: String) throws(InstallationError) -> String {
    for directory in dataDirectories {
      let path = "\(directory)/\(name)"
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    throw .missingData(name: name, folders: dataDirectories)
  }

  /// The weights of VGG-16, `conv1_1` to `conv4_3`.
  public func vggWeights() throws(InstallationError) -> String { try dataFile("vgg16.safetensors") }

  /// The folder of photos that training uses where none is given.
  public func defaultPhotos() throws(InstallationError) -> String { try dataFile("photos") }
}

extension [String: String] {
  fileprivate func nonEmpty(_ key: String) -> String? { self[key].flatMap { $0.isEmpty ? nil : $0 } }
}
