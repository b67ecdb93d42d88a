import FFmpeg

/// A source that can be opened by name, such as one from a command line.
public protocol NamedFrameSource: FrameSource {
  /// Returns whether this type can open `source`.
  static func canOpen(_ source: MediaSource) -> Bool

  /// Opens `source` and waits for its first frame, which determines the format.
  ///
  /// - Parameters:
  ///   - live: How to read a source that does not wait for its reader; nil to read at any pace.
  ///   - threads: The number of decoder threads.
  ///   - interrupt: Called often, from several threads. Once it returns true, opening fails and reading ends.
  /// - Throws: An error if the source cannot be opened or contains no frame.
  init(_ source: MediaSource, live: LiveReading?, threads: Int, interrupt: @escaping @Sendable () -> Bool) throws
}

/// The source types that can be opened by name.
public enum FrameSources {
  /// The types in the order in which they are tried. The last one accepts everything.
  public static let all: [any NamedFrameSource.Type] = [VideoReader.self]

  /// Opens `source` with the first of `kinds` that accepts it. See
  /// ``NamedFrameSource/init(_:live:threads:interrupt:)``.
  public static func open(
    _ source: MediaSource, live: LiveReading? = nil, threads: Int = 1,
    interrupt: @escaping @Sendable () -> Bool = { false }, among kinds: [any NamedFrameSource.Type] = all
  ) throws -> any FrameSource {
    let kind = kinds.first { $0.canOpen(source) } ?? VideoReader.self
    return try kind.init(source, live: live, threads: threads, interrupt: interrupt)
  }
}

/// How to read a live source, which does not wait for its reader.
public struct LiveReading: Sendable {
  /// How long to try to reconnect to a lost source; nil to end with it.
  public var reconnect: Duration?
  /// How long the source may be silent before it counts as lost.
  public var timeout: Duration

  /// Creates settings. By default, there is no reconnecting and the timeout is ten seconds.
  public init(reconnect: Duration? = nil, timeout: Duration = .seconds(10)) {
    self.reconnect = reconnect
    self.timeout = timeout
  }
}
