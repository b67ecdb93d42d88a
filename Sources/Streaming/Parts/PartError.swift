/// Describes why a part of a film cannot be painted, or parts cannot be joined.
public enum PartError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The parts in the folder have another value of a setting.
  case otherSettings(path: String, setting: String, before: String, now: String)
  /// The folder holds something else.
  case foreign(path: String)
  /// Another process renders the same film.
  case inUse(path: String)
  /// A file cannot be written or read.
  case unusable(path: String, reason: String)
  /// The input, the output or the options do not allow it.
  case unsupported(file: String, reason: String)
  /// The film was replaced or written to while it was painted.
  case changed(file: String)
  /// The run was stopped. The frames in whole segments are kept.
  case interrupted(path: String, frames: Int, total: Int)
  /// Segments are missing or damaged. Each has the frames that are named, counted from 1.
  case incomplete(path: String, problems: [String])

  /// The error message, one sentence.
  public var description: String {
    switch self {
    case .otherSettings(let path, let setting, let before, let now):
      "\(path): the parts there have another \(setting), \(before) instead of \(now): repeat their command, or remove "
        + "this folder to start from the beginning"
    case .foreign(let path):
      "\(path): it is not a folder of parts: move it away, or choose another name for the output"
    case .inUse(let path): "\(path): another process renders this film"
    case .unusable(let path, let reason): "\(path): cannot be used: \(reason)"
    case .unsupported(let file, let reason): "\(file): painting in parts is not possible: \(reason)"
    case .changed(let file): "\(file): the film changed while it was painted: keep it as it is, and remove the parts"
    case .interrupted(let path, let frames, let total):
      frames == 0
        ? "no frames are kept: the first segment was not complete"
        : "\(frames) of \(total) frames are kept in \(path); the same command goes on from there"
    case .incomplete(let path, let problems):
      "\(path): the film is not complete: \(problems.joined(separator: ", ")): paint the parts again, which paints "
        + "only what is not there"
    }
  }
}
