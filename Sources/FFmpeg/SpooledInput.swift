import CFFmpeg
import Foundation

/// The bytes of a pipe: the first ones, which have been looked at, and a descriptor for the others.
///
/// Some files cannot be read in order, see ``ReadingOrder``. Such a file is copied to a temporary file without a name,
/// which can be read at any place and disappears with this object.
final class SpooledInput {
  /// The descriptor to read on from.
  let descriptor: Int32
  /// The bytes that precede those of ``descriptor``.
  let lead: [UInt8]
  private let closesDescriptor: Bool

  /// More than the boxes in front of the index or the media.
  private static let maximumLead = 1 << 16

  /// Opens the pipe at `path`, or takes standard input if it is nil.
  ///
  /// - Throws: `MediaError` if the pipe cannot be opened or read, the temporary file cannot be written, or the
  ///   interruption is raised.
  init(path: String?, named file: String, interruption: Interruption) throws {
    var source = STDIN_FILENO
    if let path {
      // Without O_NONBLOCK, opening would wait for a writer and could not be interrupted.
      source = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      guard source >= 0 else {
        throw MediaError(operation: "open", file: file, message: String(cString: strerror(errno)))
      }
    }
    let isOpened = path != nil
    do {
      let (first, needsStorage) = try Self.beginning(of: source, interruption, file)
      if needsStorage {
        let spool = try Self.temporaryFile(for: file)
        (descriptor, lead, closesDescriptor) = (spool, [], true)
        try Self.copy(first, source, to: spool, interruption, file)
        if isOpened { close(source) }
      } else {
        (descriptor, lead, closesDescriptor) = (source, first, isOpened)
      }
    } catch {
      if isOpened { close(source) }
      throw error
    }
  }

  /// Reads the first bytes of a pipe. Returns them and whether the whole of it has to be stored.
  private static func beginning(
    of source: Int32, _ interruption: Interruption, _ file: String
  ) throws -> (bytes: [UInt8], needsStorage: Bool) {
    var bytes: [UInt8] = []
    var status = stat()
    guard fstat(source, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return (bytes, false) }
    var order = ReadingOrder.undecided
    while order == .undecided, bytes.count < maximumLead {
      guard try read(source, interruption, file, { bytes.append(contentsOf: $0) }) else { break }
      order = ReadingOrder(bytes)
    }
    return (bytes, order == .any)
  }

  private static func copy(
    _ first: [UInt8], _ source: Int32, to spool: Int32, _ interruption: Interruption, _ file: String
  ) throws {
    try first.withUnsafeBytes { try write($0, to: spool, for: file) }
    while try read(source, interruption, file, { try write($0, to: spool, for: file) }) {}
    lseek(spool, 0, SEEK_SET)
  }

  deinit { if closesDescriptor { close(descriptor) } }

  /// Passes the next bytes of `source` to `body`. Returns false at the end.
  private static func read(
    _ source: Int32, _ interruption: Interruption, _ file: String, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Bool {
    try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
      let count = DescriptorStream.read(source, buffer.baseAddress, buffer.count, interruption)
      if count == Int(cffmpeg_error_eof()) { return false }
      try MediaError.check(Int32(clamping: count), "read", file: file)
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      return true
    }
  }

  private static func temporaryFile(for file: String) throws -> Int32 {
    // Many systems keep /tmp in memory.
    let folder = ProcessInfo.processInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/var/tmp"
    // The system replaces six letters by others, so that the name is new.
    var template = Array("\(folder)/impasto-\(String(repeating: "X", count: 6))".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw failure(file, folder) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(template)
    return descriptor
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, for file: String) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure(file, "the temporary file") }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  private static func failure(_ file: String, _ place: String) -> MediaError {
    MediaError(
      operation: "read", file: file,
      message: "it cannot be read in order, so all of it has to be stored first, and \(place) cannot be written: "
        + "\(String(cString: strerror(errno)).lowercased()); set TMPDIR to another folder or give the name of a file")
  }
}
