import Games
import Synchronization

/// A keyboard and a pointer that note what they get.
final class NotedInput: InputDevice {
  private let all = Mutex<[String]>([])
  private let error = Mutex<GameError?>(nil)

  var notes: [String] { all.withLock { $0 } }
  func fail(with failure: GameError) { error.withLock { $0 = failure } }

  private func note(_ text: String) { all.withLock { $0.append(text) } }
  func setKey(_ code: UInt8, isDown: Bool) { note("key \(code) \(isDown ? "down" : "up")") }
  func setButton(_ button: UInt8, isDown: Bool) { note("button \(button) \(isDown ? "down" : "up")") }
  func move(toX x: Double, y: Double) { note("to \(x) \(y)") }
  func move(byX x: Int, y: Int) { note("by \(x) \(y)") }
  func flush() throws { if let failure = error.withLock({ $0 }) { throw failure } }
}
