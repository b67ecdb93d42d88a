import CXTest
import Synchronization

/// A keyboard and a pointer.
package protocol InputDevice: AnyObject, Sendable {
  /// Presses or releases the key with a Linux keycode (`input-event-codes.h`), at most 247.
  func setKey(_ code: UInt8, isDown: Bool)
  /// Presses or releases a button by its X number: 1 left, 2 middle, 3 right, 4 to 7 the wheel, 8 back, 9 forward.
  func setButton(_ button: UInt8, isDown: Bool)
  /// Moves the pointer to a place in the picture, from 0 to 1 in both directions.
  func move(toX x: Double, y: Double)
  /// Moves the pointer by a number of pixels.
  func move(byX x: Int, y: Int)
  /// Sends what has been done since the last call.
  ///
  /// - Throws: An error if the device is gone.
  func flush() throws
}

/// Sends input to an X display through its XTEST extension, for all programs of that display.
///
/// A display that ends makes ``flush()`` throw, and nothing else happens.
package final class DisplayInput: InputDevice {
  /// X servers on Linux number keys as the kernel does, from 8 on.
  private static let firstKeycode: UInt8 = 8

  private struct Connection: @unchecked Sendable {
    let pointer: OpaquePointer
  }

  private let connection: Mutex<Connection>

  /// Connects to a display.
  ///
  /// - Parameter cookie: The display's secret; nil for the one in the user's authority file.
  /// - Throws: ``GameError``.
  package init(display: String, cookie: [UInt8]?) throws(GameError) {
    var pointer: OpaquePointer?
    if let cookie, cookie.count != GameDisplay.cookieLength { throw .noDisplay(name: display) }
    let status = cxtest_connect(display, cookie, &pointer)
    guard let pointer, status == CXTEST_CONNECTED else {
      switch status {
      case CXTEST_NO_LIBRARY: throw .missingLibrary
      case CXTEST_NO_EXTENSION: throw .noInput(display: display)
      default: throw .noDisplay(name: display)
      }
    }
    connection = Mutex(Connection(pointer: pointer))
  }

  deinit { connection.withLock { cxtest_disconnect($0.pointer) } }

  package func setKey(_ code: UInt8, isDown: Bool) {
    guard code <= 255 - Self.firstKeycode else { return }
    connection.withLock { cxtest_key($0.pointer, code + Self.firstKeycode, isDown ? 1 : 0) }
  }

  package func setButton(_ button: UInt8, isDown: Bool) {
    connection.withLock { cxtest_button($0.pointer, button, isDown ? 1 : 0) }
  }

  package func move(toX x: Double, y: Double) {
    connection.withLock { connection in
      func pixel(_ share: Double, of extent: Int32) -> Int16 {
        Int16(clamping: Int((min(max(share, 0), 1) * Double(max(0, extent - 1))).rounded()))
      }
      cxtest_move_to(
        connection.pointer, pixel(x, of: cxtest_width(connection.pointer)),
        pixel(y, of: cxtest_height(connection.pointer)))
    }
  }

  package func move(byX x: Int, y: Int) {
    connection.withLock { cxtest_move_by($0.pointer, Int16(clamping: x), Int16(clamping: y)) }
  }

  package func flush() throws {
    let status = connection.withLock { cxtest_flush($0.pointer) }
    if status != 0 { throw GameError.displayLost }
  }
}
