/// The keys that viewers may press: the names of physical keys in browsers (W3C UI Events KeyboardEvent code Values)
/// with their Linux keycodes (`input-event-codes.h`).
///
/// Keys of the machine, such as those for power and volume, are not among them.
package enum KeyCodes {
  /// Returns the keycode of the key called `name`; nil if there is none.
  package static subscript(_ name: String) -> UInt8? { table[name] }

  /// All names, sorted.
  package static var names: [String] { table.keys.sorted() }

  private static let table: [String: UInt8] = {
    var table: [String: UInt8] = [
      "Escape": 1, "Minus": 12, "Equal": 13, "Backspace": 14, "Tab": 15, "BracketLeft": 26, "BracketRight": 27,
      "Enter": 28, "ControlLeft": 29, "Semicolon": 39, "Quote": 40, "Backquote": 41, "ShiftLeft": 42, "Backslash": 43,
      "Comma": 51, "Period": 52, "Slash": 53, "ShiftRight": 54, "NumpadMultiply": 55, "AltLeft": 56, "Space": 57,
      "CapsLock": 58, "NumLock": 69, "ScrollLock": 70, "NumpadSubtract": 74, "NumpadAdd": 78, "Numpad0": 82,
      "NumpadDecimal": 83, "IntlBackslash": 86, "F11": 87, "F12": 88, "IntlRo": 89, "NumpadEnter": 96,
      "ControlRight": 97, "NumpadDivide": 98, "PrintScreen": 99, "AltRight": 100, "Home": 102, "ArrowUp": 103,
      "PageUp": 104, "ArrowLeft": 105, "ArrowRight": 106, "End": 107, "ArrowDown": 108, "PageDown": 109, "Insert": 110,
      "Delete": 111, "NumpadEqual": 117, "Pause": 119, "NumpadComma": 121, "IntlYen": 124, "MetaLeft": 125,
      "MetaRight": 126, "ContextMenu": 127,
    ]
    // Keys that are next to each other have consecutive codes.
    for (index, key) in "1234567890".enumerated() { table["Digit\(key)"] = UInt8(2 + index) }
    for (first, keys) in [(16, "QWERTYUIOP"), (30, "ASDFGHJKL"), (44, "ZXCVBNM")] {
      for (index, key) in keys.enumerated() { table["Key\(key)"] = UInt8(first + index) }
    }
    for number in 1...10 { table["F\(number)"] = UInt8(58 + number) }
    for number in 13...24 { table["F\(number)"] = UInt8(170 + number) }
    for (first, keys) in [(71, "789"), (75, "456"), (79, "123")] {
      for (index, key) in keys.enumerated() { table["Numpad\(key)"] = UInt8(first + index) }
    }
    return table
  }()
}
