import Foundation

/// The names of photos in a text file, one per line.
///
/// A name is a path relative to the photo folder. Empty lines and lines that begin with `#` are skipped.
public struct PhotoList: Sendable, Equatable {
  /// The file.
  public let path: String
  /// The names.
  public let names: Set<String>

  /// Reads the file at `path`.
  ///
  /// - Throws: ``TrainingError/invalidPhotoList(file:reason:)`` if the file cannot be read or lists no photos.
  public init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw TrainingError.invalidPhotoList(file: path, reason: "it cannot be read")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw TrainingError.invalidPhotoList(file: path, reason: "it is not a text file")
    }
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    names = Set(lines.filter { !$0.isEmpty && !$0.hasPrefix("#") })
    self.path = path
    guard !names.isEmpty else { throw TrainingError.invalidPhotoList(file: path, reason: "it lists no photos") }
  }
}
