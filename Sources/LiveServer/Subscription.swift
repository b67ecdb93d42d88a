import NIOCore
import Synchronization

/// A viewer's subscription to a broadcast. It ends when the object is released.
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

/// The subscriptions of a server.
final class SubscriptionList: Sendable {
  /// A viewer that has read nothing for this long is disconnected.
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

  /// Subscribes to `broadcast`. Returns nil if there are too many viewers or the broadcast has ended.
  func subscribe(to broadcast: Broadcast, for channel: any Channel) -> Subscription? {
    guard subscriptions.withLock({ $0.count < maximumCount }), let viewer = broadcast.join() else { return nil }
    let subscription = Subscription(viewer, channel, broadcast, self)
    subscriptions.withLock { $0[ObjectIdentifier(subscription)] = Weak(subscription: subscription) }
    return subscription
  }

  fileprivate func remove(_ subscription: ObjectIdentifier) { subscriptions.withLock { $0[subscription] = nil } }

  /// Disconnects viewers that have stopped reading.
  func endStalled() {
    let all = subscriptions.withLock { Array($0.values) }
    for subscription in all.compactMap(\.subscription) where subscription.viewer.stall > Self.patience {
      counters.noteViewerEnded()
      subscription.viewer.close()
      subscription.channel.close(promise: nil)
    }
  }
}
