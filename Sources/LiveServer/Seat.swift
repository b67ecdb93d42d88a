import NIOCore
import Synchronization

/// A viewer's place in a broadcast and among all viewers; given up when the object goes.
final class Seat: Sendable {
  let viewer: Viewer
  let channel: any Channel
  private let broadcast: Broadcast
  private let list: SeatList

  fileprivate init(_ viewer: Viewer, _ channel: any Channel, _ broadcast: Broadcast, _ list: SeatList) {
    self.viewer = viewer
    self.channel = channel
    self.broadcast = broadcast
    self.list = list
  }

  deinit {
    broadcast.leave(viewer)
    list.remove(ObjectIdentifier(self))
  }
}

/// All viewers of a server.
final class SeatList: Sendable {
  /// Whoever has not taken anything for that long is sent away.
  private static let patience = Duration.seconds(30)

  private struct Weak: Sendable {
    weak var seat: Seat?
  }

  private let greatestCount: Int
  private let counters: ServerCounters
  private let seats = Mutex<[ObjectIdentifier: Weak]>([:])

  init(greatestCount: Int, counters: ServerCounters) {
    self.greatestCount = greatestCount
    self.counters = counters
  }

  /// A seat at `broadcast`; nil where all are taken or the broadcast has ended.
  func take(at broadcast: Broadcast, for channel: any Channel) -> Seat? {
    guard seats.withLock({ $0.count < greatestCount }), let viewer = broadcast.join() else { return nil }
    let seat = Seat(viewer, channel, broadcast, self)
    seats.withLock { $0[ObjectIdentifier(seat)] = Weak(seat: seat) }
    return seat
  }

  fileprivate func remove(_ seat: ObjectIdentifier) { seats.withLock { $0[seat] = nil } }

  /// Sends those away who have stopped to read.
  func endStalled() {
    let all = seats.withLock { Array($0.values) }
    for seat in all.compactMap(\.seat) where seat.viewer.stall > Self.patience {
      counters.noteViewerEnded()
      seat.viewer.close()
      seat.channel.close(promise: nil)
    }
  }
}
