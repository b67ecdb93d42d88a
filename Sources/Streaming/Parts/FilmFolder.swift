import FFmpeg
import Files
import Foundation

/// The folder of a film's encoded segments, which several processes on several machines may fill.
///
/// `film.json` holds what all parts have in common. Each segment is a file with a JSON object beside it, and counts if
/// its checksum is right and it belongs to this film. Files appear under their names when they are complete, and two
/// processes that paint the same segment write equal bytes: so nothing needs a lock.
final class FilmFolder: Sendable {
  let path: String
  private let isNew: Bool
  private var filmPath: String { path + "/film.json" }

  /// Uses the folder at `path`.
  ///
  /// - Parameter creates: Whether to create it if it is not there.
  /// - Throws: ``PartError`` if there is no such folder, or if it cannot be created.
  init(path: String, creates: Bool) throws {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    isNew = creates && mkdir(self.path, 0o777) == 0
    if creates, !isNew, errno != EEXIST { throw PartError.unusable(path: path, reason: Self.systemError()) }
    var status = stat()
    guard stat(self.path, &status) == 0 else { throw PartError.unusable(path: path, reason: Self.systemError()) }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw PartError.foreign(path: path) }
  }

  /// Leaves no empty folder behind after an error.
  deinit { if isNew { rmdir(path) } }

  // MARK: The film

  /// The film whose parts are here; nil if there is none yet.
  ///
  /// - Throws: ``PartError`` if the folder holds something else.
  func film() throws -> Film? {
    guard access(filmPath, F_OK) == 0 else { return nil }
    let file = try RandomAccessFile(path: filmPath)
    // More than the cuts of a film of a week.
    guard file.size <= 64 << 20, case let data = Data(try file.bytes(offset: 0, count: file.size)),
      let film = try? JSONDecoder().decode(Film.self, from: data), film.impastoParts == 1,
      film.isValid
    else { throw PartError.foreign(path: filmPath) }
    return film
  }

  /// Stores the film, unless another process was first. Returns the one that is stored.
  ///
  /// - Throws: `FileError` or ``PartError`` if it cannot be stored.
  func publish(_ film: Film) throws -> Film {
    let file = try AtomicFile(path: filmPath, isShared: true)
    try file.write(film.json())
    _ = try file.commitIfAbsent()
    // Also after a success: what counts is what others read.
    guard let stored = try self.film() else { throw PartError.unusable(path: filmPath, reason: "it was removed") }
    return stored
  }

  // MARK: Segments

  private func name(_ segment: Int) -> String {
    let digits = String(segment)
    return path + "/" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  func packetPath(_ segment: Int) -> String { name(segment) + ".segment" }
  private func recordPath(_ segment: Int) -> String { name(segment) + ".json" }

  /// What stands beside a segment; nil if there is nothing, or nothing that can be read.
  func record(_ segment: Int) -> SegmentRecord? {
    guard let file = try? RandomAccessFile(path: recordPath(segment)), file.size <= 1 << 16,
      let bytes = try? file.bytes(offset: 0, count: file.size)
    else { return nil }
    let record = try? JSONDecoder().decode(SegmentRecord.self, from: Data(bytes))
    return record.flatMap { (0...1_000_000).contains($0.frames) && $0.packets >= 0 && $0.bytes >= 0 ? $0 : nil }
  }

  /// Returns whether a segment of the film is here and whole.
  func isWhole(_ segment: Int, identity: String) -> Bool { problem(segment, identity: identity) == nil }

  /// Returns what is wrong with a segment, such as `missing`; nil if it is here and whole.
  func problem(_ segment: Int, identity: String) -> String? {
    guard let record = record(segment) else { return "missing" }
    guard record.film == identity, record.segment == segment else { return "of another film or other settings" }
    guard let file = try? SegmentFileReader(path: packetPath(segment)) else { return "missing" }
    return (try? file.matches(record)) == true ? nil : "damaged"
  }

  /// Writes what stands beside a segment, which then counts.
  ///
  /// - Throws: `FileError`.
  func store(_ record: SegmentRecord) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let file = try AtomicFile(path: recordPath(record.segment), isShared: true)
    try file.write(Array(try encoder.encode(record)) + [UInt8(ascii: "\n")])
    try file.commit()
  }

  // MARK: One machine

  /// Locks the folder for this process as long as the returned object lives.
  ///
  /// - Throws: ``PartError/inUse(path:)`` if another process has locked it.
  func lock() throws -> Lock {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw PartError.unusable(path: path, reason: Self.systemError()) }
    let lock = Lock(descriptor)
    // Some network file systems have no locks.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else { throw PartError.inUse(path: path) }
    return lock
  }

  final class Lock: Sendable {
    private let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }
  }

  /// Removes what belongs to the film, and the folder if it is empty then.
  func remove(_ film: Film) {
    for segment in film.plan.segments.indices {
      unlink(recordPath(segment))
      unlink(packetPath(segment))
    }
    unlink(filmPath)
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    where name.hasPrefix(".impasto-") && name.hasSuffix(".part") {
      unlink(path + "/" + name)
    }
    rmdir(path)
  }

  private static func systemError() -> String { String(cString: strerror(errno)).lowercased() }
}
