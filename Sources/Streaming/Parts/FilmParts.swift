import FFmpeg
import Files
import Foundation
import Synchronization

/// A film that is painted in parts, by several processes on several machines or by one that may be interrupted, into a
/// folder of encoded segments, and joined from there.
///
/// All processes cut the film at the same frames, because the cuts depend on its packets alone. Joined frames equal
/// those of a run that paints the whole film at once.
public struct FilmParts: Sendable {
  /// The folder of the segments.
  public let folder: String
  /// The film.
  public let source: MediaSource
  /// What determines the frames, by names that errors mention. Processes with other values are refused.
  public private(set) var settings: [String: String]

  /// Describes a film.
  ///
  /// - Parameters:
  ///   - folder: It is created if it is not there.
  ///   - settings: What determines the frames beside the film and its encoder.
  /// - Throws: ``PartError`` if the source is not a file; `FileError` if it cannot be read.
  public init(folder: String, source: MediaSource, settings: [String: String]) throws {
    guard source.kind == .file else {
      throw PartError.unsupported(file: source.displayName, reason: "the input has to be a file")
    }
    (self.folder, self.source, self.settings) = (folder, source, settings)
    try add("input", contentOf: source.name)
  }

  /// Adds a file that determines the frames, such as a style.
  ///
  /// - Throws: `FileError` if the file cannot be read.
  public mutating func add(_ name: String, contentOf path: String) throws {
    settings[name] = try Self.fingerprint(of: path)
  }

  /// What identifies the content of a file: its size, and a digest of pieces in equal distances, which every new
  /// version of a film changes.
  static func fingerprint(of path: String) throws -> String {
    let file = try RandomAccessFile(path: path)
    var digest = try SHA256.newDigest()
    let (count, length) = (64, min(file.size, 1 << 16))
    for index in 0..<count {
      digest.update(try file.bytes(offset: (file.size - length) * index / (count - 1), count: length))
    }
    return "\(file.size) bytes, SHA-256 \(digest.hexDigest().prefix(16))"
  }

  /// Paints the whole film into `target`. If the run is interrupted in any way, the segments stay, and another run goes
  /// on from there. When the film is complete, the folder is removed.
  ///
  /// The parameters are those of ``PartJob``.
  ///
  /// - Throws: What painting a part and ``join(folder:to:source:tracks:shouldStop:progress:)`` throw.
  public func render(
    to target: MediaTarget, options: Stylization.Options = Stylization.Options(),
    encoding: EncodingOptions = EncodingOptions(), open: @escaping @Sendable () throws -> any FrameSource,
    style: () throws -> StyleMixer, shouldStop: @escaping @Sendable () -> Bool = { false },
    observe: @escaping @Sendable (StylizationStatistics) -> Void = { _ in },
    progress: @escaping @Sendable (_ frames: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> VideoStylization.Result {
    guard target.isSingleFile else {
      throw PartError.unsupported(file: target.displayName, reason: "the output has to be one file")
    }
    let own = try FilmFolder(path: folder, creates: true)
    let lock = try own.lock()
    let job = try PartJob(
      self, .whole, container: target, options: options, encoding: encoding, interrupt: shouldStop, open: open)
    let painted = try job.run(style: style, shouldStop: shouldStop, observe: observe, progress: progress)
    let joined = try Self.join(
      folder: folder, to: target, source: source.name, tracks: encoding.tracks, shouldStop: shouldStop)
    withExtendedLifetime((own, lock)) { job.folder.remove(job.film) }
    return VideoStylization.Result(
      statistics: painted.statistics, width: painted.width, height: painted.height,
      warnings: joined.warnings + painted.warnings, failure: nil)
  }
}

/// The film at a path, which must not change while it is painted. Times are compared only with those of the same file.
final class UnchangedFilm: Sendable {
  private let path: String
  private let fingerprint: String
  private let state: Mutex<[Int]>

  init(_ path: String, fingerprint: String) {
    self.path = path
    self.fingerprint = fingerprint
    state = Mutex(Self.state(of: path))
  }

  private static func state(of path: String) -> [Int] {
    var status = stat()
    guard stat(path, &status) == 0 else { return [] }
    return [Int(status.st_size), Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec), Int(status.st_ino)]
  }

  /// - Throws: ``PartError/changed(file:)`` if the file has another content.
  func check() throws {
    try state.withLock { state in
      let now = Self.state(of: path)
      guard now != state else { return }
      guard try FilmParts.fingerprint(of: path) == fingerprint else { throw PartError.changed(file: path) }
      state = now
    }
  }
}
