import NIOCore
import Synchronization

/// A viewer's part in a broadcast, and among all viewers; it ends when the object goes.
final class Subscription: Sendable {
  let viewer: Viewer
  let channel: any Channel
  private let broadcast: Broadcast
  private let list: SubscriptionList

  fileprivate init(_ viewer: Viewer, _ channel: any Channel, _ broadcast: Broadcast, _ list: SubscriptionList) {
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
final class SubscriptionList: Sendable {
  /// Whoever has not taken anything for that long is sent away.
  private static let patience = Duration.seconds(30)

  private struct Weak: Sendable {
    weak var subscription: Subscription?
  }

  private let maximumCount: Int
  private let counters: ServerCounters
  private let subscriptions = Mutex<[ObjectIdentifier: Weak]>([:])

  init(maximumCount: Int, counters: ServerCounters) {
    self.maximumCount = maximumCount
    self.counters = counters
  }

  /// A subscription to `broadcast`; nil where there are as many as may be, or the broadcast has ended.
  func subscribe(to broadcast: Broadcast, for channel: any Channel) -> Subscription? {
    guard subscriptions.withLock({ $0.count < maximumCount }), let viewer = broadcast.join() else { return nil }
    let subscription = Subscription(viewer, channel, broadcast, self)
    subscriptions.withLock { $0[ObjectIdentifier(subscription)] = Weak(subscription: subscription) }
    return subscription
  }

  fileprivate func remove(_ subscription: ObjectIdentifier) { subscriptions.withLock { $0[subscription] = nil } }

  /// Sends those away who have stopped to read.
  func endStalled() {
    let all = subscriptions.withLock { Array($0.values) }
    for subscription in all.compactMap(\.subscription) where subscription.viewer.stall > Self.patience {
      counters.noteViewerEnded()
      subscription.viewer.close()
      subscription.channel.close(promise: nil)
    }
  }
}
