import FFmpeg
import Imaging
import Synchronization

/// The frames of a source without their alpha, which is the mask. Everything else is that of the inner source.
final class OpaqueSource: WrappingSource {
  let description: VideoDescription
  let inner: any FrameSource
  private let state: Mutex<State>

  private struct State: @unchecked Sendable {
    var separation: AlphaSeparation
    let frame: Frame
    /// The frames that have been read and whose masks have not.
    var originals: [Frame] = []
  }

  /// Creates a source of the frames of `inner`.
  ///
  /// - Throws: ``MaskError`` if they have no alpha; `MediaError` if they cannot be converted.
  init(_ inner: any FrameSource) throws {
    self.inner = inner
    let separation = try Self.separation(inner.description.format)
    var description = inner.description
    description.format = separation.target
    description.isTransparent = false
    self.description = description
    state = Mutex(State(separation: separation, frame: try Frame()))
  }

  private static func separation(_ format: VideoFormat) throws -> AlphaSeparation {
    if let separation = try AlphaSeparation(format) { return separation }
    throw format.pixelFormat.hasAlpha ? MaskError.premultiplied : MaskError.noAlpha
  }

  func read(into frame: Frame) throws -> Bool {
    try state.withLock { state in
      guard try inner.read(into: state.frame) else { return false }
      if state.frame.format != state.separation.source { state.separation = try Self.separation(state.frame.format) }
      try frame.reference(try state.separation.opaque(state.frame))
      (frame.pts, frame.duration) = (state.frame.pts, state.frame.duration)
      let original = try Frame()
      try original.reference(state.frame)
      state.originals.append(original)
      return true
    }
  }

  /// Returns the frames with alpha one by one, in the order in which they were read.
  func nextOriginal() -> Frame? { state.withLock { $0.originals.isEmpty ? nil : $0.originals.removeFirst() } }
}

extension Stylization.Options {
  /// Returns the source to paint: without its alpha if that is the mask.
  ///
  /// - Throws: ``MaskError`` if the alpha or a file cannot be the mask; `MediaError` if a frame cannot be converted.
  func masked(_ source: any FrameSource) throws -> any FrameSource {
    // A mask that cannot be read is found before anything is written.
    if case .file(let name) = mask?.origin { _ = try MaskFile(name) }
    return mask?.origin == .alpha ? try OpaqueSource(source) : source
  }
}
