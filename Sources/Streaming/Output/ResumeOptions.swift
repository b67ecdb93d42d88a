import FFmpeg
import Files

/// How to resume a render.
public struct ResumeOptions: Sendable {
  /// The file of the segments, which exists while the film is incomplete.
  public let path: String
  /// What determines the frames, by names that errors mention. A render with other values cannot be resumed.
  public var settings: [String: String]

  /// Creates options for the film at `output`.
  public init(output: String, settings: [String: String]) {
    path = output + ".resume"
    self.settings = settings
  }

  /// Adds what identifies the content of the file at `path`: its size, and a digest of pieces in equal distances, which
  /// every new version of a film changes.
  ///
  /// - Throws: `FileError` if the file cannot be read.
  public mutating func add(_ name: String, contentOf path: String) throws {
    let file = try RandomAccessFile(path: path)
    guard var digest = SHA256() else { throw ResumeError.unwritable(path: self.path, reason: "out of memory") }
    let (count, length) = (64, min(file.size, 1 << 16))
    for index in 0..<count {
      digest.update(try file.bytes(offset: (file.size - length) * index / (count - 1), count: length))
    }
    settings[name] = "\(file.size) bytes, SHA-256 \(digest.hexDigest().prefix(16))"
  }
}

extension ResumeFile {
  /// Opens the file of a render with `encoder`, whose parameters belong to the settings.
  ///
  /// - Throws: ``ResumeError``.
  convenience init(_ options: ResumeOptions, encoder: Encoder) throws {
    let codec = encoder.settings.codec
    guard Packet.isArchivable(codec: codec) else {
      throw ResumeError.unsupported(file: options.path, reason: "the codec \(codec) has no bytes to keep")
    }
    guard var digest = SHA256() else { throw ResumeError.unwritable(path: options.path, reason: "out of memory") }
    digest.update(encoder.parameterSets)
    let (format, size) = (encoder.settings.format, "\(encoder.settings.format.width)x\(encoder.settings.format.height)")
    let description = "\(codec) \(format.pixelFormat) \(size) SHA-256 \(digest.hexDigest().prefix(16))"
    try self.init(path: options.path, settings: options.settings.merging(["encoder": description]) { $1 })
  }
}

/// Describes why a render cannot be resumed.
public enum ResumeError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The earlier run had another value of a setting.
  case otherSettings(path: String, setting: String, before: String, now: String)
  /// The file was not written by an interrupted render.
  case foreign(path: String)
  /// Another process renders the same film.
  case inUse(path: String)
  /// The file cannot be written or read.
  case unwritable(path: String, reason: String)
  /// The input or the output is not a file that can be resumed.
  case unsupported(file: String, reason: String)
  /// The run was stopped. The frames in whole segments are kept.
  case interrupted(path: String, frames: Int)

  /// The error message, one sentence.
  public var description: String {
    switch self {
    case .otherSettings(let path, let setting, let before, let now):
      "\(path): the interrupted render had another \(setting), \(before) instead of \(now): repeat its command, or "
        + "remove this file to start from the beginning"
    case .foreign(let path):
      "\(path): the file is not one of an interrupted render: move it away, or choose another name for the output"
    case .inUse(let path): "\(path): another process renders this film"
    case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
    case .unsupported(let file, let reason): "\(file): --resume is not possible: \(reason)"
    case .interrupted(let path, let frames):
      frames == 0
        ? "no frames are kept: the first segment was not complete"
        : "the first \(frames) frames are kept in \(path); the same command goes on from there"
    }
  }
}
