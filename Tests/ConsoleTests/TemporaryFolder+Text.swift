import Foundation
import TestSupport

extension TemporaryFolder {
  /// Writes a short text file and the folders of its path. Returns the path.
  @discardableResult func textFile(_ name: String) throws -> String {
    let folder = (file(name) as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return try write(Array("text".utf8), to: name)
  }

  /// Creates a symbolic link. Returns its path.
  func link(_ name: String, to destination: String) throws -> String {
    try FileManager.default.createSymbolicLink(atPath: file(name), withDestinationPath: destination)
    return file(name)
  }
}
