import Glibc

/// A file that appears under its name only when it is complete.
///
/// The bytes go to a hidden file in the target's directory. ``commit(syncs:)`` renames it to the target, which keeps
/// the mode, and if the system allows it the owner, of the file that it replaces. If the object is released without a
/// commit, it removes the hidden file and leaves the target unchanged. If the process is killed, the hidden file stays,
/// and the next process that writes a file in the directory removes it. Use it from one thread at a time.
public final class AtomicFile {
  /// The name under which the file will appear.
  package let path: String
  private let part: PartFile

  /// The path of the hidden file. A library that opens files by name can write there instead of calling ``write(_:)``.
  package var temporaryPath: String { part.path }

  /// Creates the hidden file next to `path`.
  ///
  /// - Parameter isShared: Whether other machines write into the directory, too. Locks of network file systems do not
  ///   always reach them, so hidden files are named after the machine, which removes only its own.
  /// - Throws: ``FileError`` if the directory is missing or not writable, or if `path` is a directory, a device or
  ///   anything else that is not a regular file.
  public init(path: String, isShared: Bool = false) throws(FileError) {
    // For a symbolic link, the file that it points to is replaced and the link stays.
    let target = Self.resolved(path)
    var status = stat()
    let isReplacing = stat(target, &status) == 0
    if isReplacing, status.st_mode & S_IFMT != S_IFREG {
      throw .cannotWrite(
        path: path, reason: status.st_mode & S_IFMT == S_IFDIR ? "it is a directory" : "it is not a file")
    }
    if path.isEmpty || path.hasSuffix("/") { throw .cannotWrite(path: path, reason: "it is not a file name") }
    if isReplacing, access(target, W_OK) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    guard let part = PartFile(in: Self.directory(of: target), isShared: isShared) else {
      throw .cannotWrite(path: path, reason: systemErrorText())
    }
    self.path = path
    self.part = part
    if isReplacing { keepAccess(of: status) }
  }

  /// Gives the hidden file the owner and the mode of the file that it will replace.
  private func keepAccess(of old: stat) {
    var mode = old.st_mode & 0o7777
    var own = stat()
    fstat(part.descriptor, &own)
    if (own.st_uid, own.st_gid) != (old.st_uid, old.st_gid), fchown(part.descriptor, old.st_uid, old.st_gid) != 0 {
      // Only root gives files away. The rights of a group are meant for that group.
      if own.st_gid != old.st_gid, fchown(part.descriptor, uid_t.max, old.st_gid) != 0 {
        mode = mode & ~0o6070 | (mode & 0o007) << 3
      }
      mode &= ~0o6000
    }
    fchmod(part.descriptor, mode)
  }

  /// Appends `bytes`.
  ///
  /// - Throws: ``FileError`` if writing fails.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var remaining = bytes
    while !remaining.isEmpty {
      let written = Glibc.write(part.descriptor, remaining.baseAddress, remaining.count)
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

  /// Renames the file to its target, replacing an existing file.
  ///
  /// - Parameter syncs: Whether to sync the file to disk first, so that it survives a loss of power. For a file of
  ///   many, the time that this takes can be longer than that of writing it.
  /// - Throws: ``FileError`` if the file cannot be synced or renamed.
  public func commit(syncs: Bool = true) throws(FileError) {
    let target = Self.resolved(path)
    if syncs, fsync(part.descriptor) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    if !part.rename(to: target) { throw .cannotWrite(path: path, reason: systemErrorText()) }
    guard syncs else { return }
    // Makes the new name durable. Some file systems do not support this; the file is complete all the same.
    let directory = open(Self.directory(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  /// Gives the file its name if no file has it. Of several processes that do so at the same time, on any machine, one
  /// succeeds.
  ///
  /// - Returns: False if there is a file with this name.
  /// - Throws: ``FileError`` if the file cannot be synced or named.
  package func commitIfAbsent() throws(FileError) -> Bool {
    if fsync(part.descriptor) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    if link(part.path, path) == 0 { return true }
    if errno == EEXIST { return false }
    // Some file systems have no hard links.
    if access(path, F_OK) == 0 { return false }
    try commit()
    return true
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
