/// Something that a viewer does with keyboard, pointer or gamepad.
package enum InputEvent: Equatable, Sendable {
  /// A key by its Linux keycode.
  case key(UInt8, isDown: Bool)
  /// A button of the pointer by its X number.
  case button(UInt8, isDown: Bool)
  /// The pointer's place in the picture, from 0 to 1.
  case move(x: Double, y: Double)
  /// A movement of the pointer in pixels.
  case moveBy(x: Int, y: Int)
  /// Steps of the wheel, to the right and down.
  case wheel(x: Int, y: Int)
  /// The state of a gamepad: its axes from -1 to 1, and its buttons from 0 to 1.
  case gamepad(axes: [Double], buttons: [Double])
}

/// What the holder of the controls has done since the last batch, as JSON of an HTTP request.
package struct InputBatch: Sendable {
  /// The maximum number of events in a batch.
  static let maximumCount = 64

  /// The secret of the holder.
  package var lease: String
  /// The number of the batch, from 0.
  package var number: Int
  /// The events in their order.
  package var events: [InputEvent]
}

extension InputBatch: Decodable {
  private enum Key: String, CodingKey, CaseIterable { case lease, number, events }

  /// - Throws: `DecodingError` if a value is missing, unknown or out of range.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.knownValues(Key.self)
    lease = try values.decode(String.self, forKey: .lease)
    number = try values.decode(Int.self, forKey: .number)
    guard (0...Int(Int32.max)).contains(number) else {
      throw DecodingError.dataCorruptedError(
        forKey: .number, in: values, debugDescription: "found \(number), expected a number from 0 to \(Int32.max)")
    }
    var list = try values.nestedUnkeyedContainer(forKey: .events)
    events = []
    while !list.isAtEnd {
      guard events.count < Self.maximumCount else {
        throw DecodingError.dataCorruptedError(
          forKey: .events, in: values, debugDescription: "expected at most \(Self.maximumCount) events")
      }
      events.append(try list.decode(InputEvent.self))
    }
  }
}

extension InputEvent: Decodable {
  private enum Key: String, CodingKey, CaseIterable { case type, code, button, isDown, x, y, axes, buttons }
  private enum Kind: String, Decodable, CaseIterable { case key, button, move, moveBy, wheel, gamepad }

  /// The limits of values.
  private static let (maximumMovement, maximumSteps, maximumParts) = (4096, 20, 32)
  /// X numbers by those of the web platform: left, middle, right, back and forward.
  private static let buttons: [UInt8] = [1, 2, 3, 8, 9]

  /// - Throws: `DecodingError` if a value is missing, unknown or out of range.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.knownValues(Key.self)
    func fault(_ key: Key, _ expectation: String) -> DecodingError {
      .dataCorruptedError(forKey: key, in: values, debugDescription: "expected \(expectation)")
    }
    func share(_ key: Key) throws -> Double {
      let value = try values.decode(Double.self, forKey: key)
      guard (0...1).contains(value) else { throw fault(key, "a number from 0 to 1") }
      return value
    }
    func count(_ key: Key, _ limit: Int) throws -> Int {
      let value = try values.decode(Int.self, forKey: key)
      guard (-limit...limit).contains(value) else { throw fault(key, "a whole number from -\(limit) to \(limit)") }
      return value
    }
    func list(_ key: Key, in range: ClosedRange<Double>) throws -> [Double] {
      let list = try values.decode([Double].self, forKey: key)
      guard list.count <= Self.maximumParts, list.allSatisfy(range.contains) else {
        throw fault(key, "at most \(Self.maximumParts) numbers from \(range.lowerBound) to \(range.upperBound)")
      }
      return list
    }
    guard let kind = Kind(rawValue: try values.decode(String.self, forKey: .type)) else {
      throw fault(.type, "one of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    switch kind {
    case .key:
      guard let code = KeyCodes[try values.decode(String.self, forKey: .code)] else {
        throw fault(.code, "the code of a key, such as KeyA")
      }
      self = .key(code, isDown: try values.decode(Bool.self, forKey: .isDown))
    case .button:
      let index = try values.decode(Int.self, forKey: .button)
      guard Self.buttons.indices.contains(index) else { throw fault(.button, "a button from 0 to 4") }
      self = .button(Self.buttons[index], isDown: try values.decode(Bool.self, forKey: .isDown))
    case .move: self = .move(x: try share(.x), y: try share(.y))
    case .moveBy: self = .moveBy(x: try count(.x, Self.maximumMovement), y: try count(.y, Self.maximumMovement))
    case .wheel: self = .wheel(x: try count(.x, Self.maximumSteps), y: try count(.y, Self.maximumSteps))
    case .gamepad: self = .gamepad(axes: try list(.axes, in: -1...1), buttons: try list(.buttons, in: 0...1))
    }
  }

  /// Returns the X number of the web platform's `button`; nil if it has none.
  static func number(ofButton button: Int) -> UInt8? { buttons.indices.contains(button) ? buttons[button] : nil }
}
