import Glibc

/// A regular file that can be read at any offset.
///
/// Reads do not move a shared position, so several threads can use the same object. The file is closed when the object
/// is released.
public final class RandomAccessFile: Sendable {
  /// The name as given.
  package let path: String
  /// The size in bytes when the file was opened.
  public let size: Int
  private let descriptor: Int32

  /// Opens the file.
  ///
  /// - Throws: ``FileError`` if it is missing, not readable, or not a regular file.
  public init(path: String) throws(FileError) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw .cannotRead(path: path, reason: systemErrorText()) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let isDirectory = status.st_mode & S_IFMT == S_IFDIR
      throw .cannotRead(path: path, reason: isDirectory ? "it is a directory" : "it is not a file")
    }
    self.path = path
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Returns `count` bytes, starting at `offset`.
  ///
  /// - Throws: ``FileError`` if reading fails or the file ends before the last byte.
  public func bytes(offset: Int, count: Int) throws(FileError) -> [UInt8] {
    var outcome = Result<Void, FileError>.success(())
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      buffer.initialize(repeating: 0)
      outcome = Result { () throws(FileError) in
        try read(
          into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count])), offset: offset)
      }
      initializedCount = count
    }
    try outcome.get()
    return result
  }

  /// Fills `destination` with the bytes that start at `offset`.
  ///
  /// - Throws: ``FileError`` if reading fails or the file ends before the last byte.
  package func read(into destination: UnsafeMutableRawBufferPointer, offset: Int) throws(FileError) {
    var done = 0
    while done < destination.count {
      let count = pread(
        descriptor, destination.baseAddress?.advanced(by: done), destination.count - done, offset + done)
      if count < 0 {
        if errno == EINTR { continue }
        throw .cannotRead(path: path, reason: systemErrorText())
      }
      if count == 0 { throw .cannotRead(path: path, reason: "it ends at byte \(offset + done)") }
      done += count
    }
  }
}
