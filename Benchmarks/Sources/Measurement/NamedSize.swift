import ArgumentParser
import Console

/// The common names of video sizes.
public enum NamedSize {
  /// Names and sizes in ascending order.
  public static let all: [(name: String, size: FrameSize)] = [
    ("360p", 640, 360), ("540p", 960, 540), ("720p", 1280, 720), ("1080p", 1920, 1080),
  ].compactMap { name, width, height in FrameSize(width: width, height: height).map { (name, $0) } }

  /// Parses a name or `WxH`; for `transform:`.
  @Sendable public static func parse(_ text: String) throws -> FrameSize {
    if let known = all.first(where: { $0.name == text }) { return known.size }
    do {
      return try FrameSize.parse(text)
    } catch {
      throw ValidationError("expected WxH, such as 640x360, or \(all.map(\.name).joined(separator: ", "))")
    }
  }

  /// Returns the name of a size, or `WxH`.
  public static func name(_ size: String) -> String { all.first { "\($0.size)" == size }?.name ?? size }
}
