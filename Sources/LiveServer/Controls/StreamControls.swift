import Foundation
import Games
import Synchronization
import Threading

/// The controls of a stream: keyboard and pointer, which one viewer at a time holds.
///
/// The holder has a secret, the lease, and must go on to send batches. Batches are numbered: they act in the order of
/// their numbers, in whatever order they arrive. When a lease ends, everything that is down is released.
package final class StreamControls: Sendable {
  /// Describes why a request of a viewer is refused.
  package enum Refusal: Error, Equatable {
    /// Another viewer holds the controls.
    case isHeld
    /// The lease has ended or never was.
    case notHolder
    /// The batch came long before the one with this number, which is missing.
    case missing(number: Int)
    /// Too many batches.
    case tooMany
    /// The display does not take input.
    case unavailable(String)
  }

  /// The controls as viewers see them.
  package struct State: Codable, Equatable, Sendable {
    /// Whether a viewer holds the controls.
    package var isHeld: Bool
    /// The name that the holder has given; nil if there is none.
    package var holder: String?

    /// Creates a state.
    package init(isHeld: Bool, holder: String?) {
      self.isHeld = isHeld
      self.holder = holder
    }
  }

  /// A holder that sends nothing for this long has left. A page sends a batch every second.
  static let silence = Duration.seconds(5)
  /// A holder that does nothing and holds nothing down for this long has gone away.
  static let idleness = Duration.seconds(300)
  /// The maximum number of characters of a name.
  static let maximumNameLength = 24
  /// The maximum number of batches that wait for one before them.
  private static let maximumEarlyCount = 8
  /// The maximum number of batches that wait for the device.
  private static let maximumBacklog = 64

  private struct Lease {
    let secret: String
    let name: String?
    var latestBatch: ContinuousClock.Instant
    var latestEvent: ContinuousClock.Instant
    /// The number of the batch that acts next.
    var number = 0
    /// Batches that came before their turn.
    var early: [Int: [InputEvent]] = [:]
    let rate: RateLimit
  }

  private struct Values {
    var lease: Lease?
    var held: HeldInput
  }

  private let device: any InputDevice
  private let values: Mutex<Values>
  /// The device has a thread of its own, because a display may not respond.
  private let queue = DispatchQueue(label: "controls")
  private let backlog = Atomic<Int>(0)
  private let failure = Mutex<String?>(nil)

  /// Creates controls that nobody holds.
  package init(device: any InputDevice, gamepad: GamepadMap = .standard) {
    self.device = device
    values = Mutex(Values(held: HeldInput(map: gamepad)))
  }

  /// The current state.
  package var state: State {
    values.withLock { State(isHeld: $0.lease != nil, holder: $0.lease?.name) }
  }

  /// Gives the controls to a viewer and returns the secret.
  ///
  /// - Parameter name: The name to show to others.
  /// - Throws: ``Refusal``.
  package func take(name: String?, at now: ContinuousClock.Instant = .now) throws(Refusal) -> String {
    if let failure = failure.withLock({ $0 }) { throw .unavailable(failure) }
    endSilent(at: now)
    let secret = Sessions.secret()
    let isTaken = values.withLock { values in
      guard values.lease == nil else { return false }
      values.lease = Lease(
        secret: secret, name: name, latestBatch: now, latestEvent: now, rate: RateLimit(rate: 120, burst: 120))
      return true
    }
    guard isTaken else { throw .isHeld }
    return secret
  }

  /// Ends the lease with this secret.
  ///
  /// - Throws: ``Refusal/notHolder``.
  package func giveBack(lease secret: String) throws(Refusal) {
    let hasEnded = values.withLock { values in
      guard let lease = values.lease, Sessions.areEqual(lease.secret, secret) else { return false }
      end(&values)
      return true
    }
    guard hasEnded else { throw .notHolder }
  }

  /// Performs the events of a batch, and those of later batches that have arrived already. A batch that has been
  /// performed is ignored.
  ///
  /// - Throws: ``Refusal``.
  package func perform(_ batch: InputBatch, at now: ContinuousClock.Instant = .now) throws(Refusal) {
    if let failure = failure.withLock({ $0 }) { throw .unavailable(failure) }
    endSilent(at: now)
    try values.withLock { values throws(Refusal) in
      guard var lease = values.lease, Sessions.areEqual(lease.secret, batch.lease) else { throw .notHolder }
      guard lease.rate.take(at: now), backlog.load(ordering: .relaxed) < Self.maximumBacklog else { throw .tooMany }
      lease.latestBatch = now
      if !batch.events.isEmpty || !values.held.isEmpty { lease.latestEvent = now }
      if batch.number > lease.number {
        guard lease.early.count < Self.maximumEarlyCount else { throw .missing(number: lease.number) }
        lease.early[batch.number] = batch.events
      } else if batch.number == lease.number {
        var events: [InputEvent]? = batch.events
        while let current = events {
          let actions = current.flatMap { values.held.actions(of: $0, at: now) }
          perform(actions)
          lease.number += 1
          events = lease.early.removeValue(forKey: lease.number)
        }
      }
      values.lease = lease
    }
  }

  /// Ends the lease of a holder that sends nothing, or has done nothing for long.
  package func endSilent(at now: ContinuousClock.Instant = .now) {
    values.withLock { values in
      guard let lease = values.lease else { return }
      let isSilent = lease.latestBatch.duration(to: now) > Self.silence
      if isSilent || lease.latestEvent.duration(to: now) > Self.idleness { end(&values) }
    }
  }

  /// Ends any lease.
  package func close() { values.withLock { end(&$0) } }

  /// Waits until the device has done everything so far.
  package func wait() { queue.sync {} }

  /// Under the lock, so that the next holder's actions follow.
  private func end(_ values: inout Values) {
    values.lease = nil
    perform(values.held.release())
  }

  private func perform(_ actions: [HeldInput.Action]) {
    if actions.isEmpty { return }
    backlog.wrappingAdd(1, ordering: .relaxed)
    queue.async { [self] in
      for action in actions {
        switch action {
        case .set(.key(let code), let isDown): device.setKey(code, isDown: isDown)
        case .set(.button(let number), let isDown): device.setButton(number, isDown: isDown)
        case .move(let x, let y): device.move(toX: x, y: y)
        case .moveBy(let x, let y): device.move(byX: x, y: y)
        }
      }
      do { try device.flush() } catch { failure.withLock { $0 = "\(error)" } }
      backlog.wrappingSubtract(1, ordering: .relaxed)
    }
  }
}
