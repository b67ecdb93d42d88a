/// A source that changes the frames of another one. Everything else is that of the inner source.
protocol WrappingSource: FrameSource {
  var inner: any FrameSource { get }
}

extension WrappingSource {
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
