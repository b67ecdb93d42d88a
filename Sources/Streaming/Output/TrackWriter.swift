import FFmpeg
import Synchronization

/// Passes on the packets of a source's streams other than the video, copied or converted.
///
/// One thread calls ``take(_:_:)`` and ``finish(_:)``; any thread may read the rest.
final class TrackWriter: @unchecked Sendable {
  /// The index of the video stream in the output.
  let videoIndex: Int
  /// What is converted or omitted, one sentence each.
  let remarks: [String]
  // Used only by the thread that calls `take`.
  private let tracks: [Int: Tracks.Track]
  private let damage = Atomic<Int>(0)
  private let hasFailed = Atomic<Bool>(false)
  private let failure = Mutex<(any Error)?>(nil)

  /// Takes over the streams of an output whose header is about to be written.
  init(_ tracks: Tracks) {
    videoIndex = tracks.videoIndex
    remarks = tracks.warnings
    self.tracks = tracks.others
  }

  /// The number of packets that could not be decoded and were left out.
  var damagedPacketCount: Int { damage.load(ordering: .relaxed) }

  /// Passes a packet on with the indices of the output's streams. Ignores streams that are omitted.
  func take(_ packet: Packet, _ body: (Packet) -> Void) {
    guard let track = tracks[packet.streamIndex] else { return }
    guard let converter = track.converter else {
      packet.streamIndex = track.index
      body(packet)
      return
    }
    convert(packet, track, converter, body)
  }

  /// Passes on what the converters hold back, at the end of the source.
  func finish(_ body: (Packet) -> Void) {
    for (_, track) in tracks.sorted(by: { $0.key < $1.key }) {
      if let converter = track.converter { convert(nil, track, converter, body) }
    }
  }

  private func convert(
    _ packet: Packet?, _ track: Tracks.Track, _ converter: any StreamConverter, _ body: (Packet) -> Void
  ) {
    guard !hasFailed.load(ordering: .relaxed) else { return }
    let before = converter.damagedPacketCount
    do {
      try converter.convert(packet) {
        $0.streamIndex = track.index
        body($0)
      }
    } catch {
      failure.withLock { $0 = error }
      hasFailed.store(true, ordering: .releasing)
    }
    damage.wrappingAdd(converter.damagedPacketCount - before, ordering: .relaxed)
  }

  /// - Throws: The error of a conversion, if one has failed. The output then lacks a part of that stream.
  func checkFailure() throws {
    guard hasFailed.load(ordering: .acquiring), let error = failure.withLock({ $0 }) else { return }
    throw error
  }
}
