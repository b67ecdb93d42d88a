import Foundation

/// An error of checking an input or output path.
public enum PathError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file does not exist.
  case missing(path: String)
  /// The system denies access.
  case inaccessible(path: String, reason: String)
  /// The path is a directory, but a file is expected.
  case isDirectory(path: String)
  /// The path is a file, but a directory is expected.
  case isNotDirectory(path: String)
  /// The output exists and is not a regular file. Replacing a device would destroy it.
  case isSpecialFile(path: String)
  /// The folder of the output does not exist.
  case missingParent(path: String, parent: String)
  /// The output or its folder is not writable.
  case unwritable(path: String, reason: String)
  /// The input and the output are the same file, possibly under two names.
  case outputIsInput(output: String, input: String)

  /// One sentence with the path and the reason.
  public var description: String {
    switch self {
    case .missing(let path): "\(path): no such file"
    case .inaccessible(let path, let reason): "\(path): cannot be read: \(reason)"
    case .isDirectory(let path): "\(path): is a directory, expected a file"
    case .isNotDirectory(let path): "\(path): is a file, expected a directory"
    case .isSpecialFile(let path): "\(path): is not a regular file, so the output cannot replace it"
    case .missingParent(let path, let parent): "\(path): cannot be written: the folder \(parent) does not exist"
    case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
    case .outputIsInput(let output, let input):
      output == input
        ? "\(output): input and output are the same file" : "\(output): output is the same file as the input \(input)"
    }
  }
}

/// Checks of input paths before any work begins.
public enum InputPath {
  /// Checks that `path` is a readable file.
  ///
  /// - Throws: ``PathError`` if it is missing, not readable or a directory.
  public static func checkFile(_ path: String) throws(PathError) {
    if try status(of: path).isDirectory { throw .isDirectory(path: path) }
    guard access(path, R_OK) == 0 else { throw .inaccessible(path: path, reason: systemError()) }
  }

  /// Checks that `path` is a directory whose content can be listed.
  ///
  /// - Throws: ``PathError`` if it is missing, not readable or not a directory.
  package static func checkDirectory(_ path: String) throws(PathError) {
    guard try status(of: path).isDirectory else { throw .isNotDirectory(path: path) }
    guard access(path, R_OK | X_OK) == 0 else { throw .inaccessible(path: path, reason: systemError()) }
  }

  private static func status(of path: String) throws(PathError) -> FileStatus {
    if let status = FileStatus(path) { return status }
    throw errno == ENOENT || errno == ENOTDIR
      ? .missing(path: path) : .inaccessible(path: path, reason: systemError())
  }
}

/// Checks of output paths before any work begins.
public enum OutputPath {
  /// Returns the path to write for `output`. It resolves symbolic links, so the finished file replaces the file that a
  /// link points to.
  ///
  /// Inputs are compared by device and inode, which detects other names of the same file.
  ///
  /// - Throws: ``PathError`` if a regular file cannot be written there or would replace one of `inputs`.
  public static func resolve(_ output: String, inputs: [String] = []) throws(PathError) -> String {
    guard !output.isEmpty, !output.hasSuffix("/") else { throw .isDirectory(path: output) }
    let target = followingLinks(output)
    if let existing = FileStatus(target) {
      if existing.isDirectory { throw .isDirectory(path: output) }
      for input in inputs where FileStatus(input)?.isSameFile(as: existing) == true {
        throw .outputIsInput(output: output, input: input)
      }
      if !existing.isRegularFile { throw .isSpecialFile(path: output) }
      guard access(target, W_OK) == 0 else { throw .unwritable(path: output, reason: systemError()) }
    } else if errno != ENOENT {
      throw .unwritable(path: output, reason: systemError())
    }
    let parent = target.deletingLastPathComponent
    let folder = parent.isEmpty ? "." : parent
    guard let status = FileStatus(folder) else {
      guard errno == ENOENT else { throw .unwritable(path: output, reason: systemError()) }
      throw .missingParent(path: output, parent: folder)
    }
    guard status.isDirectory, access(folder, W_OK | X_OK) == 0 else {
      throw .unwritable(path: output, reason: systemError())
    }
    return target
  }

  /// Resolves links step by step, because the last one may point to a file that does not exist yet.
  private static func followingLinks(_ path: String) -> String {
    var path = path
    // The limit of the Linux kernel.
    for _ in 0..<40 {
      guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return path }
      path = link.hasPrefix("/") ? link : path.deletingLastPathComponent.appendingPath(link)
    }
    return path
  }
}

extension String {
  /// The text before the last slash; empty if there is none. NSString's method traps on one-letter names.
  fileprivate var deletingLastPathComponent: String {
    guard let slash = lastIndex(of: "/") else { return "" }
    return slash == startIndex ? "/" : String(self[..<slash])
  }

  fileprivate func appendingPath(_ component: String) -> String {
    isEmpty ? component : (self as NSString).appendingPathComponent(component)
  }
}

/// The result of `stat`, which follows links.
private struct FileStatus {
  private let value: stat

  /// Nil if `stat` fails; `errno` has the reason.
  init?(_ path: String) {
    var value = stat()
    guard stat(path, &value) == 0 else { return nil }
    self.value = value
  }

  var isDirectory: Bool { value.st_mode & S_IFMT == S_IFDIR }
  var isRegularFile: Bool { value.st_mode & S_IFMT == S_IFREG }

  func isSameFile(as other: FileStatus) -> Bool {
    value.st_dev == other.value.st_dev && value.st_ino == other.value.st_ino
  }
}
