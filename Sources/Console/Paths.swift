import Foundation

/// Why a path cannot be read from or written to.
public enum PathError: Error, Equatable, Sendable, CustomStringConvertible {
  /// No such file.
  case missing(path: String)
  /// The system refuses, for `reason`.
  case inaccessible(path: String, reason: String)
  /// A directory where a file is expected.
  case isDirectory(path: String)
  /// A file where a directory is expected.
  case isNotDirectory(path: String)
  /// The output is neither new nor a regular file: replacing a device would destroy it.
  case isSpecialFile(path: String)
  /// The folder of the output does not exist.
  case missingParent(path: String, parent: String)
  /// The output, or the folder it lies in, may not be written.
  case unwritable(path: String, reason: String)
  /// Input and output are the same file, perhaps under two names.
  case outputIsInput(output: String, input: String)

  /// One sentence that names the path.
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

/// Checks of a file to be read, before any work begins.
public enum InputPath {
  /// Throws unless `path` can be opened for reading and is not a directory.
  public static func checkFile(_ path: String) throws(PathError) {
    if try status(of: path).isDirectory { throw .isDirectory(path: path) }
    guard access(path, R_OK) == 0 else { throw .inaccessible(path: path, reason: systemError()) }
  }

  /// Throws unless `path` is a directory that can be listed.
  public static func checkDirectory(_ path: String) throws(PathError) {
    guard try status(of: path).isDirectory else { throw .isNotDirectory(path: path) }
    guard access(path, R_OK | X_OK) == 0 else { throw .inaccessible(path: path, reason: systemError()) }
  }

  private static func status(of path: String) throws(PathError) -> FileStatus {
    if let status = FileStatus(path) { return status }
    throw errno == ENOENT || errno == ENOTDIR
      ? .missing(path: path) : .inaccessible(path: path, reason: systemError())
  }
}

/// Checks of a file to be written, before any work begins.
public enum OutputPath {
  /// The path to write for `output`, with symbolic links followed: the finished file replaces what the link points to.
  ///
  /// Throws where a regular file could not be put there, or where that would replace one of `inputs`, compared by device
  /// and file number so that other names of the same file are recognised.
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

  /// Follows links by hand, because the last one may point to a file that does not exist yet.
  private static func followingLinks(_ path: String) -> String {
    var path = path
    // As many as the kernel follows before it gives up.
    for _ in 0..<40 {
      guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return path }
      path = link.hasPrefix("/") ? link : path.deletingLastPathComponent.appendingPath(link)
    }
    return path
  }
}

extension String {
  /// What stands before the last slash; empty where there is none. NSString's own traps on names of one letter.
  fileprivate var deletingLastPathComponent: String {
    guard let slash = lastIndex(of: "/") else { return "" }
    return slash == startIndex ? "/" : String(self[..<slash])
  }

  fileprivate func appendingPath(_ component: String) -> String {
    isEmpty ? component : (self as NSString).appendingPathComponent(component)
  }
}

/// What `stat` tells, links followed.
private struct FileStatus {
  private let value: stat

  /// Nil, with the reason in `errno`, where there is none.
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
