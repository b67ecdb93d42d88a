import FFmpeg

/// A source that people name on the command line.
public protocol NamedFrameSource: FrameSource {
  /// Whether `source` is one of this kind.
  static func canOpen(_ source: MediaSource) -> Bool

  /// Opens `source` and waits for its first frame, which tells the format. Throws what is wrong with it, or why there
  /// is no frame.
  ///
  /// With `live`, the source is taken to go on whether it is read or not. `threads` is the number of threads of a
  /// decoder. `interrupt` is asked often, from several threads: once true, the opening fails and the frames end.
  init(_ source: MediaSource, live: LiveReading?, threads: Int, interrupt: @escaping @Sendable () -> Bool) throws
}

/// The kinds of sources that can be named.
public enum FrameSources {
  /// Asked in this order: the last one takes everything that libav may know.
  public static let all: [any NamedFrameSource.Type] = [VideoReader.self]

  /// Opens `source` as the first of `kinds` that takes it; see ``NamedFrameSource/init(_:live:threads:interrupt:)``.
  public static func open(
    _ source: MediaSource, live: LiveReading? = nil, threads: Int = 1,
    interrupt: @escaping @Sendable () -> Bool = { false }, among kinds: [any NamedFrameSource.Type] = all
  ) throws -> any FrameSource {
    let kind = kinds.first { $0.canOpen(source) } ?? VideoReader.self
    return try kind.init(source, live: live, threads: threads, interrupt: interrupt)
  }
}

/// How a source is read that goes on whether someone reads it or not.
public struct LiveReading: Sendable {
  /// How long to try to reach a source again that went away; nil to end with it.
  public var reconnect: Duration?
  /// How long it may send nothing before it counts as gone.
  public var timeout: Duration

  /// No second try and ten seconds of patience unless told otherwise.
  public init(reconnect: Duration? = nil, timeout: Duration = .seconds(10)) {
    self.reconnect = reconnect
    self.timeout = timeout
  }
}
