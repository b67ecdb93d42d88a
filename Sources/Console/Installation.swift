import Foundation
import Networks

/// An error of looking for a data file.
public enum InstallationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A file or folder that `make setup` downloads is missing.
  case missingData(name: String, folders: [String])

  /// One sentence with the name, the folders that were searched, and a remedy.
  public var description: String {
    switch self {
    case .missingData(let name, let folders):
      "\(name): not found in \(folders.joined(separator: ", ")); run 'make setup' to download it"
    }
  }
}

/// The locations of the shipped styles and the downloaded training data.
///
/// Styles: see `StyleFolders`.
///
/// Data: only `$IMPASTO_DATA` if it is set. Otherwise the user's `$XDG_DATA_HOME/impasto` (`~/.local/share/impasto`),
/// then `../share/impasto` relative to the program. `make setup` writes to the first of them.
public struct Installation: Sendable {
  /// The default style.
  package static let defaultStyle = "starry"

  /// The folders with style files, in search order.
  package var modelDirectories: [String] { styles.paths }
  private let styles: StyleFolders
  /// The folders with training data, in search order.
  package let dataDirectories: [String]

  /// Finds the folders.
  ///
  /// - Parameters:
  ///   - environment: The environment variables.
  ///   - executableDirectory: The folder of the program; nil if unknown.
  public init(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    executableDirectory: String? = Installation.executableDirectory
  ) {
    styles = StyleFolders(environment: environment, programIn: executableDirectory)
    let shared = executableDirectory.map { (($0 as NSString).deletingLastPathComponent) + "/share/impasto" }
    if let data = environment.nonEmpty("IMPASTO_DATA") {
      dataDirectories = [data]
    } else {
      // `NSHomeDirectory` reads the user database first, but make and the shell use HOME.
      let home = environment.nonEmpty("HOME") ?? NSHomeDirectory()
      let userData = environment.nonEmpty("XDG_DATA_HOME") ?? home + "/.local/share"
      dataDirectories = [userData + "/impasto"] + (shared.map { [$0] } ?? [])
    }
  }

  /// The folder of the running program, with symbolic links resolved; nil if the system does not provide it.
  public static var executableDirectory: String? {
    let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return path.map { ($0 as NSString).deletingLastPathComponent }
  }

  /// Returns the model file of a style.
  ///
  /// - Parameter nameOrPath: A name such as `starry`, or a path: any text that contains a slash or ends in
  ///   `.safetensors`. Paths are returned unchanged, whether or not the file exists.
  /// - Throws: `MissingStyle` if no folder has the style.
  package func styleFile(_ nameOrPath: String) throws(MissingStyle) -> String { try styles.file(nameOrPath) }

  /// The names of all styles in the folders, sorted.
  package var styleNames: [String] { styles.names }

  /// Returns the base model that trainings of `network` start from: `base/NETWORK.safetensors` in the first models
  /// folder that has it; nil if there is none.
  package func baseModel(network: String) -> String? {
    modelDirectories.lazy.map { StyleFiles(name: network, folder: "\($0)/base").model }.first(
      where: FileManager.default.fileExists(atPath:))
  }

  /// Returns the path of `name` in the first data folder that has it.
  ///
  /// - Throws: ``InstallationError/missingData(name:folders:)`` if no folder has it.
  package func dataFile(_ name: String) throws(InstallationError) -> String {
    for directory in dataDirectories {
      let path = "\(directory)/\(name)"
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    throw .missingData(name: name, folders: dataDirectories)
  }

  /// Returns the path of the VGG-16 weights, `conv1_1` to `conv4_3`.
  ///
  /// - Throws: ``InstallationError/missingData(name:folders:)`` if they are missing.
  public func vggWeights() throws(InstallationError) -> String { try dataFile("vgg16.safetensors") }

  /// Returns the default folder of training photos.
  ///
  /// - Throws: ``InstallationError/missingData(name:folders:)`` if it is missing.
  package func defaultPhotos() throws(InstallationError) -> String { try dataFile("photos") }
}

extension [String: String] {
  fileprivate func nonEmpty(_ key: String) -> String? { self[key].flatMap { $0.isEmpty ? nil : $0 } }
}
