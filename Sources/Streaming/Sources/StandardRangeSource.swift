import FFmpeg
import Synchronization

/// A source of HDR frames that are converted to BT.709. Everything else is that of the inner source.
final class StandardRangeSource: FrameSource {
  let description: VideoDescription
  private let inner: any FrameSource
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

  func start(on threads: ThreadGroup) { inner.start(on: threads) }
  func stop() { inner.stop() }
  var beginning: Int64? { inner.beginning }
  func begin(at keyframe: Keyframe) throws { try inner.begin(at: keyframe) }
  var waitsForReader: Bool { inner.waitsForReader }
  func openAudio() -> AudioTrack? { inner.openAudio() }
  var latestArrival: ContinuousClock.Instant { inner.latestArrival }
  var packets: (any PacketSource)? { inner.packets }
  var failure: (any Error)? { inner.failure }
  var reconnectCount: Int { inner.reconnectCount }
  var warnings: [String] { inner.warnings }
}

extension FrameSource {
  /// Returns this source converted to BT.709 if it is HDR, otherwise this source itself.
  ///
  /// - Throws: `MediaError` if memory is short.
  public func convertedToStandardRange() throws -> any FrameSource { try StandardRangeSource(self) ?? self }
}
