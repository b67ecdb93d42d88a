import FFmpeg
import Synchronization

/// The picture of one device with the sound of another, such as those of a display. Everything else is that of the
/// picture.
///
/// The times of both must come from the clock of the system, as those of libav's `x11grab` and `pulse` do.
package final class SoundedSource: FrameSource {
  package let description: VideoDescription
  private let picture: VideoReader
  private let sound: Sound

  /// Opens both devices.
  ///
  /// - Parameter interrupt: Called often, from several threads. Once it returns true, opening fails and reading ends.
  /// - Throws: `MediaError` if one of them cannot be opened, or if the sound cannot be decoded.
  package init(
    picture: MediaSource, sound: MediaSource, live: LiveReading, interrupt: @escaping @Sendable () -> Bool
  ) throws {
    let picture = try VideoReader(picture, live: live, interrupt: interrupt)
    // The timeline of a live source begins with its first packet, see `StreamClock`.
    self.sound = try Sound(sound, origin: picture.demuxer.startTime ?? 0, interrupt: interrupt)
    self.picture = picture
    description = picture.description
  }

  package func read(into frame: Frame) throws -> Bool { try picture.read(into: frame) }
  package var latestArrival: ContinuousClock.Instant { picture.latestArrival }
  package var failure: (any Error)? { picture.failure }
  package var warnings: [String] { picture.warnings }

  package func start(on threads: ThreadGroup) {
    picture.start(on: threads)
    threads.onCancel { [sound] in sound.stop() }
    threads.start("sound") { [sound] in sound.run() }
  }

  package func stop() {
    picture.stop()
    sound.stop()
  }

  package func openAudio() -> AudioTrack? { sound.reader.track }

  /// Reads the sound on a thread of its own. When the device is lost, silence follows.
  private final class Sound: Sendable {
    let reader: AudioReader
    private let demuxer: Demuxer
    private let stream: MediaStream
    /// The begin of the picture's timeline in microseconds.
    private let origin: Int64
    private let interrupt: @Sendable () -> Bool
    private let isStopped = Atomic<Bool>(false)

    init(_ source: MediaSource, origin: Int64, interrupt: @escaping @Sendable () -> Bool) throws {
      demuxer = try Demuxer(source, interrupt: interrupt)
      guard let stream = demuxer.streams.first(where: { $0.mediaType == .audio }), let reader = AudioReader(stream)
      else {
        throw MediaError(operation: "decode", file: source.displayName, message: "it has no sound that can be decoded")
      }
      self.stream = stream
      self.reader = reader
      self.origin = origin
      self.interrupt = interrupt
    }

    func stop() { isStopped.store(true, ordering: .releasing) }

    func run() {
      let offset = Rational.microseconds.rescale(origin, to: stream.timeBase)
      while !isStopped.load(ordering: .acquiring), !interrupt(), let packet = try? Packet(),
        (try? demuxer.read(into: packet)) == true
      {
        packet.pts = packet.pts.map { $0 &- offset }
        packet.dts = packet.dts.map { $0 &- offset }
        reader.take(packet)
      }
    }
  }
}
