import Foundation

/// What the parts of a gamepad do. X programs know no gamepads from other machines, so that a gamepad presses keys and
/// moves the pointer.
///
/// A map is a text with one line for each part, numbered as in the standard gamepad of the web platform (W3C Gamepad):
///
///     button 0   Space
///     button 7   mouse 0
///     axis 0     ArrowLeft ArrowRight
///     axis 2     pointer x
///
/// Keys have the names of `KeyboardEvent.code`, buttons of the mouse the numbers of `MouseEvent.button`. An axis
/// presses its first key when it is negative and its second one when it is positive, or it moves the pointer. Empty
/// lines and those that begin with `#` mean nothing. Parts that are not listed do nothing.
package struct GamepadMap: Equatable, Sendable {
  /// A key or a button of the pointer.
  enum Target: Hashable, Sendable {
    /// A key by its Linux keycode.
    case key(UInt8)
    /// A button of the pointer by its X number.
    case button(UInt8)
  }

  /// What an axis does.
  enum Axis: Equatable, Sendable {
    /// Presses one of two targets.
    case targets(negative: Target, positive: Target)
    /// Moves the pointer to the right or down.
    case pointer(isVertical: Bool)
  }

  /// Describes a line that cannot be understood.
  package struct Fault: Error, Equatable, CustomStringConvertible {
    /// The message, one sentence.
    package let description: String

    /// Creates an error.
    package init(description: String) { self.description = description }
  }

  private static let maximumNumber = 31

  private(set) var buttons: [Int: Target] = [:]
  private(set) var axes: [Int: Axis] = [:]

  /// Both sticks, the cross and the buttons of a standard gamepad: the left stick and the cross are the arrow keys, the
  /// right stick moves the pointer, and the triggers are its buttons.
  package static let standard: GamepadMap = {
    var map = GamepadMap()
    let keys = [
      (0, "Enter"), (1, "Escape"), (2, "Space"), (3, "KeyE"), (4, "KeyQ"), (5, "KeyF"), (8, "Tab"), (9, "Escape"),
      (10, "ShiftLeft"), (11, "ControlLeft"), (12, "ArrowUp"), (13, "ArrowDown"), (14, "ArrowLeft"),
      (15, "ArrowRight"),
    ]
    for (button, name) in keys { map.buttons[button] = KeyCodes[name].map(Target.key) }
    for (button, index) in [(6, 2), (7, 0)] {
      map.buttons[button] = InputEvent.number(ofButton: index).map(Target.button)
    }
    func pair(_ negative: String, _ positive: String) -> Axis? {
      guard let negative = KeyCodes[negative], let positive = KeyCodes[positive] else { return nil }
      return .targets(negative: .key(negative), positive: .key(positive))
    }
    map.axes = [2: .pointer(isVertical: false), 3: .pointer(isVertical: true)]
    map.axes[0] = pair("ArrowLeft", "ArrowRight")
    map.axes[1] = pair("ArrowUp", "ArrowDown")
    return map
  }()

  private init() {}

  /// Reads a map.
  ///
  /// - Throws: ``Fault`` that names the line.
  package init(_ text: String) throws(Fault) {
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      if words.isEmpty || words[0].hasPrefix("#") { continue }
      func fault(_ expectation: String) -> Fault {
        Fault(description: "line \(index + 1): found '\(line.prefix(80))', expected \(expectation)")
      }
      guard words.count >= 3, let number = Int(words[1]), (0...Self.maximumNumber).contains(number) else {
        throw fault("'button NUMBER KEY' or 'axis NUMBER KEY KEY'")
      }
      let rest = Array(words.dropFirst(2))
      switch words[0] {
      case "button":
        guard let (target, length) = Self.target(rest), length == rest.count else {
          throw fault("the name of a key, such as KeyA, or 'mouse NUMBER'")
        }
        buttons[number] = target
      case "axis":
        guard let axis = Self.axis(rest) else { throw fault("two keys or buttons, 'pointer x' or 'pointer y'") }
        axes[number] = axis
      default: throw fault("'button' or 'axis'")
      }
    }
  }

  private static func axis(_ words: [String]) -> Axis? {
    if words == ["pointer", "x"] { return .pointer(isVertical: false) }
    if words == ["pointer", "y"] { return .pointer(isVertical: true) }
    guard let (negative, length) = target(words), let (positive, rest) = target(Array(words.dropFirst(length))),
      length + rest == words.count
    else { return nil }
    return .targets(negative: negative, positive: positive)
  }

  /// Returns the target that `words` begin with, and the number of its words.
  private static func target(_ words: [String]) -> (Target, Int)? {
    guard let first = words.first else { return nil }
    if let code = KeyCodes[first] { return (.key(code), 1) }
    guard first == "mouse", words.count > 1, let index = Int(words[1]),
      let number = InputEvent.number(ofButton: index)
    else { return nil }
    return (.button(number), 2)
  }
}
