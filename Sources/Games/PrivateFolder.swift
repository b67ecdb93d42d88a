import Foundation

/// A temporary folder that only this user can open. It is removed with the object, and by the display's supervisor if
/// this process is killed.
final class PrivateFolder: Sendable {
  let path: String

  /// - Throws: ``GameError`` if no folder can be created.
  init() throws(GameError) {
    let parent = NSTemporaryDirectory()
    var template = Array("\(parent)\(parent.hasSuffix("/") ? "" : "/")impasto-game-XXXXXX".utf8CString)
    // The C library creates it with mode 0700.
    guard mkdtemp(&template) != nil else {
      throw .system(operation: "create a folder in \(parent)", reason: String(cString: strerror(errno)))
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Returns the path of the file called `name`.
  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file that only this user can read.
  ///
  /// - Throws: ``GameError`` if it cannot be written.
  func write(_ bytes: [UInt8], to name: String) throws(GameError) {
    let isWritten = FileManager.default.createFile(
      atPath: file(name), contents: Data(bytes), attributes: [.posixPermissions: 0o600])
    guard isWritten else { throw .system(operation: "write \(file(name))", reason: String(cString: strerror(errno))) }
  }

  /// The last line of the file called `name`, without its line ending; empty if there is none.
  func lastLine(of name: String) -> String {
    let data = FileManager.default.contents(atPath: file(name)) ?? Data()
    let lines = String(decoding: data.suffix(4096), as: UTF8.self).split(whereSeparator: \.isNewline)
    return lines.last.map { String($0.prefix(300)) } ?? ""
  }
}
