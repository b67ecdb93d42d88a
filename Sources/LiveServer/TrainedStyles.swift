import Files
import Foundation
import Networks
import Synchronization

/// What servers have trained in a model folder: the names of the styles, which may be renamed and deleted, and how long
/// trainings took on this machine. It is a hidden file in the folder, so that the next server knows it as well.
final class TrainedStyles: Sendable {
  private struct Content: Codable {
    var names: [String] = []
    /// The seconds of the latest complete training with these arguments of the training program.
    var seconds: [String: Double] = [:]
  }

  private static let name = ".trained-styles.json"
  private static let maximumSize = 1 << 20

  /// The model folder.
  let folder: String
  private let access = Mutex(())
  private var path: String { "\(folder)/\(Self.name)" }

  init(folder: String) { self.folder = folder }

  private func read() -> Content {
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: Self.maximumSize) else {
      return Content()
    }
    return (try? JSONDecoder().decode(Content.self, from: data)) ?? Content()
  }

  private func change(_ body: (inout Content) -> Void) throws {
    try access.withLock { _ in
      var content = read()
      body(&content)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
      let file = try AtomicFile(path: path)
      try encoder.encode(content).withUnsafeBytes { try file.write($0) }
      try file.commit(syncs: false)
    }
  }

  /// The names of the styles.
  var names: Set<String> { Set(access.withLock { _ in read() }.names) }

  /// Notes that `name` is a style from here.
  ///
  /// - Throws: `FileError` if the folder is not writable.
  func add(_ name: String) throws { try change { if !$0.names.contains(name) { $0.names.append(name) } } }

  /// Notes how long a training took.
  func note(seconds: Double, arguments: [String]) {
    try? change { $0.seconds[arguments.joined(separator: " ")] = seconds.rounded() }
  }

  /// Returns how long the latest training with these arguments took on this machine; nil if there was none.
  func seconds(arguments: [String]) -> Double? {
    access.withLock { _ in read() }.seconds[arguments.joined(separator: " ")]
  }

  /// Moves the files of a style and notes its other name.
  ///
  /// - Throws: An error of the file system.
  func rename(_ files: StyleFiles, to name: String) throws {
    let target = StyleFiles(name: name, folder: folder)
    try add(name)
    try Self.renameCard(files, to: name)
    try TrainingFolder.publish(files, as: target)
    try change { $0.names.removeAll { $0 == files.name } }
  }

  /// The card names its style.
  private static func renameCard(_ files: StyleFiles, to name: String) throws {
    guard let text = try? String(contentsOfFile: files.card, encoding: .utf8) else { return }
    let renamed = text.replacing("\"style\" : \"\(files.name)\"", with: "\"style\" : \"\(name)\"")
    if renamed != text { try renamed.write(toFile: files.card, atomically: true, encoding: .utf8) }
  }

  /// Removes the files of a style. The model goes first, because the style disappears with it.
  ///
  /// - Throws: An error of the file system.
  func remove(_ files: StyleFiles) throws {
    for file in files.all.reversed() where FileManager.default.fileExists(atPath: file) {
      try FileManager.default.removeItem(atPath: file)
    }
    try change { $0.names.removeAll { $0 == files.name } }
  }

  /// Why `name` cannot be the name of a style, one sentence; nil if it can.
  ///
  /// Names are those that trainings give: they become names of files.
  static func fault(_ name: String) -> String? {
    let letters = name.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
    guard letters, (1...40).contains(name.utf8.count), name.first != "-" else {
      return "expected 1 to 40 small letters, digits, hyphens and underscores, and no hyphen at the start"
    }
    return nil
  }
}
