import FFmpeg
import Synchronization

/// A source of HDR frames that are converted to BT.709. Everything else is that of the inner source.
final class StandardRangeSource: WrappingSource {
  let description: VideoDescription
  let inner: any FrameSource
  private let state: Mutex<State>

  private struct State: @unchecked Sendable {
    let conversion: StandardRange
    let frame: Frame
  }

  /// Creates a source of the frames of `inner`; nil if they are not HDR.
  ///
  /// - Throws: `MediaError` if memory is short.
  init?(_ inner: any FrameSource) throws {
    guard let conversion = StandardRange(inner.description.format.color) else { return nil }
    self.inner = inner
    description = conversion.description(of: inner.description)
    state = Mutex(State(conversion: conversion, frame: try Frame()))
  }

  func read(into frame: Frame) throws -> Bool {
    try state.withLock { state in
      guard try inner.read(into: state.frame) else { return false }
      try frame.reference(try state.conversion.convert(state.frame))
      frame.pts = state.frame.pts
      frame.duration = state.frame.duration
      return true
    }
  }
}

extension FrameSource {
  /// Returns this source converted to BT.709 if it is HDR, otherwise this source itself.
  ///
  /// - Throws: `MediaError` if memory is short.
  public func convertedToStandardRange() throws -> any FrameSource { try StandardRangeSource(self) ?? self }
}
