import Foundation
import Synchronization

/// A file that appears under its name only when it is whole.
///
/// The bytes go to a temporary file in the target's directory; ``commit()`` brings them to the disk and renames the file
/// over the target. An object that goes without ``commit()`` removes the temporary file and leaves the target as it was.
/// For one thread at a time.
public final class AtomicFile {
  /// The name under which the file will appear.
  public let path: String
  /// Where the bytes are until ``commit()``; a library that opens files by name may write here instead of ``write(_:)``.
  public let temporaryPath: String
  private let descriptor: Int32
  private var isCommitted = false

  private static let counter = Atomic<Int>(0)

  /// Creates the temporary file beside `path`.
  ///
  /// - Throws: ``FileError`` if the directory is missing or not writable, or if something other than a regular file
  ///   (a directory, a device) has that name.
  public init(path: String) throws(FileError) {
    // Through a link, the file behind it is replaced and the link stays.
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
    // Not made of the target's name, which may already be as long as the file system allows.
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
  public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
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

  /// Appends the bytes of `elements` as they lie in memory.
  public func write<Element: BitwiseCopyable>(_ elements: [Element]) throws(FileError) {
    // `Array.withUnsafeBytes` cannot throw a typed error.
    let outcome = elements.withUnsafeBytes { bytes in
      Result { () throws(FileError) in try write(bytes) }
    }
    try outcome.get()
  }

  /// Brings the bytes to the disk and gives the file its name, replacing a file of that name.
  public func commit() throws(FileError) {
    let target = Self.resolved(path)
    if fsync(descriptor) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    if rename(temporaryPath, target) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    isCommitted = true
    // Makes the new name durable; some file systems refuse it, and the file is whole all the same.
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
