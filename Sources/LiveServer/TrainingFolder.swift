import Foundation
import Networks

/// The hidden folder of one training, next to the models.
///
/// Its output file is locked by this process and by the training that writes to it, which inherits the descriptor. The
/// kernel releases the lock when both have ended, however they end. So a folder without a lock is one that a server
/// left behind.
final class TrainingFolder: Sendable {
  /// The path of the folder.
  let path: String
  /// An open descriptor of the file for the output of the training, which is locked.
  let output: Int32

  private static let prefix = ".training-"

  /// The path of the file for the output of the training.
  var log: String { Self.log(in: path) }

  private static func log(in folder: String) -> String { "\(folder)/output.log" }

  /// Creates the folder of the training `id`.
  ///
  /// - Throws: An error of the file system.
  init(id: String, in models: String) throws {
    path = "\(models)/\(Self.prefix)\(id)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    output = open(Self.log(in: path), O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0o666)
    guard output >= 0 else { throw CocoaError(.fileWriteUnknown) }
    _ = flock(output, LOCK_EX | LOCK_NB)
    // Another server may have taken the folder for an abandoned one before it was locked.
    guard FileManager.default.fileExists(atPath: Self.log(in: path)) else {
      close(output)
      throw CocoaError(.fileWriteUnknown)
    }
  }

  deinit { close(output) }

  /// Removes the folder with everything in it.
  func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// Takes care of the folders that other servers left in `models`: publishes the style of a training that was
  /// complete, and removes the folder.
  static func clearAbandoned(in models: String, _ trained: TrainedStyles) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: models)) ?? [] where name.hasPrefix(prefix) {
      let path = "\(models)/\(name)"
      // Only an empty folder is removed by this call: its server ended before it had created the output.
      if rmdir(path) == 0 { continue }
      let output = open(log(in: path), O_RDWR | O_CLOEXEC | O_NOFOLLOW)
      guard output >= 0 else { continue }
      defer { close(output) }
      guard flock(output, LOCK_EX | LOCK_NB) == 0 else { continue }
      for style in StyleFiles.names(in: path) {
        let target = StyleFiles(name: style, folder: models)
        guard !FileManager.default.fileExists(atPath: target.model) else { continue }
        try? trained.add(style)
        try? publish(StyleFiles(name: style, folder: path), as: target)
      }
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  /// Moves the files of a style. The model moves last, because the style appears with it.
  ///
  /// - Throws: An error of the file system.
  static func publish(_ files: StyleFiles, as target: StyleFiles) throws {
    for (source, file) in zip(files.all, target.all) where FileManager.default.fileExists(atPath: source) {
      try FileManager.default.moveItem(atPath: source, toPath: file)
    }
  }
}
