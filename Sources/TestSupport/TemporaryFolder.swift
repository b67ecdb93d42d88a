import Foundation

/// A temporary directory for a test, which is removed with this object.
public final class TemporaryFolder: Sendable {
  /// The path of the directory.
  public let path: String

  /// Creates an empty directory.
  ///
  /// - Throws: An error of the file system.
  public init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("impasto-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Returns the path of `name` in the directory.
  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file and returns its path.
  ///
  /// - Throws: An error of the file system.
  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  /// Returns the content of a file.
  ///
  /// - Throws: An error of the file system.
  public func bytes(of name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file(name))))
  }

  /// The names in the directory, sorted.
  public var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}
