import FFmpeg
import Foundation
import Synchronization
import Threading

/// Takes the packets that are copied from the input to the output.
protocol PacketRecipient: AnyObject, Sendable {
  /// Takes a packet over; `streamIndex` is the input's. Waits while there is no room.
  func copy(_ packet: Packet)
  /// No more packets will come.
  func finishCopying()
}

/// The frames of a video file; its other streams' packets go to a recipient.
///
/// A thread of its own demultiplexes, the reading thread decodes.
public final class VideoReader: FrameSource {
  /// What the first frame and the container tell.
  public let description: VideoDescription
  /// The file's name as given.
  public let file: String
  let demuxer: Demuxer
  let stream: MediaStream

  /// Packets on their way to the decoder. Few, since sound read ahead of the pictures is in the file when someone stops it.
  private let packets = BoundedQueue<Packet>(capacity: 8)
  private let decoder: Decoder
  private let recipient = Mutex<(any PacketRecipient)?>(nil)
  private let damage = Mutex(Damage())
  private let progress: Mutex<Progress>

  private struct Damage {
    var packets = 0
    var readError: String?
  }

  private struct Progress {
    var timestamps: TimestampRepair
    var isDraining = false
    var frames = 0
    /// Errors since the decoder last gave a frame, after the end of the packets: a decoder that only fails is given up.
    var failures = 0
  }

  /// Opens `file` and decodes its first frame to learn its format. Throws `MediaError` if there is none.
  ///
  /// `threads` is the number of threads of the decoder.
  public init(path file: String, threads: Int = 1) throws {
    self.file = file
    // Opened twice: what stands in front of the first frame, sound perhaps, is not kept in memory meanwhile.
    let frame = try Demuxer(path: file).firstFrame()
    demuxer = try Demuxer(path: file)
    stream = try demuxer.bestVideoStream()
    decoder = try Decoder(stream, threads: threads)
    var format = frame.format
    if let color = stream.format?.color { format.color = format.color.filled(from: color) }
    let aspect = stream.sampleAspectRatio
    description = VideoDescription(
      format: format, timeBase: stream.timeBase, frameRate: stream.nominalFrameRate,
      sampleAspectRatio: aspect.isPositive ? aspect : frame.sampleAspectRatio,
      orientation: Orientation(stream.displayMatrix ?? frame.displayMatrix),
      expectedFrameCount: Self.expectedFrameCount(of: stream, in: demuxer))
    let timeBase = stream.timeBase
    let step = stream.nominalFrameRate.map { $0.inverse.rescale(1, to: timeBase) } ?? 1
    progress = Mutex(Progress(timestamps: TimestampRepair(step: step)))
  }

  private static func expectedFrameCount(of stream: MediaStream, in demuxer: Demuxer) -> Int? {
    if let count = stream.frameCount { return count }
    guard let rate = stream.nominalFrameRate,
      let seconds = stream.duration.map({ Double($0) * stream.timeBase.value }) ?? demuxer.seconds,
      case let count = (seconds * rate.value).rounded(), count >= 1, count < 1e9
    else { return nil }
    return Int(count)
  }

  /// Has the packets of all other streams sent to `recipient`, which knows which to keep.
  func connect(to recipient: any PacketRecipient) { self.recipient.withLock { $0 = recipient } }

  /// What was wrong with the file, one sentence each; complete after the last frame.
  public var warnings: [String] {
    let damage = damage.withLock { $0 }
    var result: [String] = []
    if let reason = damage.readError ?? demuxer.endRemark {
      result.append("\(file): the file breaks off (\(reason)); what could be read was used")
    }
    if damage.packets > 0 {
      result.append(
        "\(file): \(damage.packets) damaged \(damage.packets == 1 ? "packet was" : "packets were") passed over")
    }
    return result
  }

  /// Starts the demultiplexing.
  public func start(on threads: ThreadGroup) {
    threads.onCancel { [self] in stop() }
    threads.start("demux") { [self] in try demultiplex() }
  }

  private func demultiplex() throws {
    let recipient = recipient.withLock { $0 }
    while let packet = try nextPacket() {
      if packet.streamIndex != stream.index {
        recipient?.copy(packet)
      } else if !packets.push(packet) {
        break
      }
    }
    packets.close()
    recipient?.finishCopying()
  }

  private func nextPacket() throws -> Packet? {
    let packet = try Packet()
    do {
      return try demuxer.read(into: packet) ? packet : nil
    } catch let error as MediaError {
      // As players do: what comes before the break is used.
      damage.withLock { $0.readError = error.logLine ?? error.message }
      return nil
    }
  }

  /// Ends the demultiplexing.
  public func stop() { packets.close(discarding: true) }

  /// Decodes the next frame; its times are in the time base of the description.
  ///
  /// Damaged packets are passed over and counted. Throws `MediaError` at the end if there was no frame at all.
  public func read(into frame: Frame) throws -> Bool {
    try progress.withLock { progress in
      while true {
        do {
          switch try decoder.receive(into: frame) {
          case .output:
            progress.frames += 1
            progress.failures = 0
            frame.color = frame.color.filled(from: description.format.color)
            frame.pts = progress.timestamps.next(
              frame.bestEffortTimestamp ?? frame.pts, duration: frame.duration)
            return true
          case .ended: return try end(progress)
          case .needsInput where progress.isDraining: return try end(progress)
          case .needsInput:
            let packet = packets.pop()
            progress.isDraining = packet == nil
            _ = try decoder.send(packet)
          }
        } catch let error as MediaError where error.operation == "decode" && error.code != 0 {
          damage.withLock { $0.packets += 1 }
          if progress.isDraining { progress.failures += 1 }
          // More than any decoder holds back.
          if progress.failures > 64 { return try end(progress) }
        }
      }
    }
  }

  private func end(_ progress: Progress) throws -> Bool {
    guard progress.frames == 0 else { return false }
    throw MediaError(operation: "decode", file: file, message: "there is no picture in it that can be decoded")
  }
}
