import Foundation
import Synchronization

/// A file that appears under its name only when it is complete.
///
/// The bytes go to a temporary file in the target's directory. ``commit()`` syncs the file to disk and renames it to
/// the target. If the object is released without ``commit()``, it removes the temporary file and leaves the target
/// unchanged. Use it from one thread at a time.
public final class AtomicFile {
  /// The name under which the file will appear.
  package let path: String
  /// The path of the temporary file. A library that opens files by name can write there instead of calling
  /// ``write(_:)``.
  package let temporaryPath: String
  private let descriptor: Int32
  private var isCommitted = false

  private static let counter = Atomic<Int>(0)

  /// Creates the temporary file next to `path`.
  ///
  /// - Throws: ``FileError`` if the directory is missing or not writable, or if `path` is a directory, a device or
  ///   anything else that is not a regular file.
  public init(path: String) throws(FileError) {
    // For a symbolic link, the file that it points to is replaced and the link stays.
    let target = Self.resolved(path)
    var status = stat()
    if stat(target, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw .cannotWrite(
        path: path, reason: status.st_mode & S_IFMT == S_IFDIR ? "it is a directory" : "it is not a file")
    }
    if path.isEmpty || path.hasSuffix("/") { throw .cannotWrite(path: path, reason: "it is not a file name") }
    if access(target, F_OK) == 0, access(target, W_OK) != 0 {
      throw .cannotWrite(path: path, reason: systemErrorText())
    }
    let directory = Self.directory(of: target)
    let number = Self.counter.wrappingAdd(1, ordering: .relaxed).oldValue
    // Not derived from the target's name, which may already be as long as the file system allows.
    temporaryPath = directory + "/.impasto-\(getpid())-\(number).part"
    self.path = path
    descriptor = open(temporaryPath, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
  }

  deinit {
    close(descriptor)
    if !isCommitted { unlink(temporaryPath) }
  }

  /// Appends `bytes`.
  ///
  /// - Throws: ``FileError`` if writing fails.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var remaining = bytes
    while !remaining.isEmpty {
      let written = Foundation.write(descriptor, remaining.baseAddress, remaining.count)
      if written < 0 {
        if errno == EINTR { continue }
        throw .cannotWrite(path: path, reason: systemErrorText())
      }
      remaining = UnsafeRawBufferPointer(rebasing: remaining[written...])
    }
  }

  /// Appends the bytes of `elements` in their memory layout.
  ///
  /// - Throws: ``FileError`` if writing fails.
  public func write<Element: BitwiseCopyable>(_ elements: [Element]) throws(FileError) {
    // `Array.withUnsafeBytes` cannot throw a typed error.
    let outcome = elements.withUnsafeBytes { bytes in
      Result { () throws(FileError) in try write(bytes) }
    }
    try outcome.get()
  }

  /// Syncs the bytes to disk and renames the file to its target, replacing an existing file.
  ///
  /// - Throws: ``FileError`` if the file cannot be synced or renamed.
  public func commit() throws(FileError) {
    let target = Self.resolved(path)
    if fsync(descriptor) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    if rename(temporaryPath, target) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    isCommitted = true
    // Makes the new name durable. Some file systems do not support this; the file is complete all the same.
    let directory = open(Self.directory(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
