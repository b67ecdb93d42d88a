import Threading

/// What viewers hold down, and what their events mean for a keyboard and a pointer.
struct HeldInput: Sendable {
  /// Something that an input device does.
  enum Action: Equatable, Sendable {
    case set(GamepadMap.Target, isDown: Bool)
    case move(x: Double, y: Double)
    case moveBy(x: Int, y: Int)
  }

  /// What holds a target down. It is up when nothing does.
  private enum Holder: Hashable, Sendable { case hand, gamepadButton(Int), gamepadAxis(Int) }

  /// A button of a gamepad is down from this value on, and an axis presses a key.
  private static let threshold = 0.5
  /// Sticks do not return to zero exactly.
  private static let deadZone = 0.15
  /// The pixels per second of a stick that is pressed to its end.
  private static let pointerSpeed = 1200.0
  /// A state of the gamepad holds at most this long, in seconds, when the next one is late.
  private static let longestStep = 0.05

  private let map: GamepadMap
  private var holders: [GamepadMap.Target: Set<Holder>] = [:]
  private var gamepadTime: ContinuousClock.Instant?
  /// The fractions of pixels that the pointer has not moved yet.
  private var rest = (x: 0.0, y: 0.0)

  init(map: GamepadMap) { self.map = map }

  /// Whether anything is down.
  var isEmpty: Bool { holders.isEmpty }

  /// Returns what an event at the time `now` does.
  mutating func actions(of event: InputEvent, at now: ContinuousClock.Instant) -> [Action] {
    switch event {
    case .key(let code, let isDown): set(.key(code), isDown, by: .hand)
    case .button(let number, let isDown): set(.button(number), isDown, by: .hand)
    case .move(let x, let y): [.move(x: x, y: y)]
    case .moveBy(let x, let y): [.moveBy(x: x, y: y)]
    case .wheel(let x, let y): Self.turns(x, back: 6, forth: 7) + Self.turns(y, back: 4, forth: 5)
    case .gamepad(let axes, let buttons): gamepad(axes, buttons, at: now)
    }
  }

  /// Returns what lifts everything that is down.
  mutating func release() -> [Action] {
    defer {
      holders = [:]
      gamepadTime = nil
      rest = (0, 0)
    }
    return holders.keys.map { .set($0, isDown: false) }
  }

  private mutating func set(_ target: GamepadMap.Target, _ isDown: Bool, by holder: Holder) -> [Action] {
    var all = holders[target] ?? []
    let wasDown = !all.isEmpty
    if isDown { all.insert(holder) } else { all.remove(holder) }
    holders[target] = all.isEmpty ? nil : all
    return wasDown == !all.isEmpty ? [] : [.set(target, isDown: isDown)]
  }

  private static func turns(_ steps: Int, back: UInt8, forth: UInt8) -> [Action] {
    let button = GamepadMap.Target.button(steps < 0 ? back : forth)
    return (0..<abs(steps)).flatMap { _ in [Action.set(button, isDown: true), .set(button, isDown: false)] }
  }

  private mutating func gamepad(_ axes: [Double], _ buttons: [Double], at now: ContinuousClock.Instant) -> [Action] {
    var actions: [Action] = []
    for (index, target) in map.buttons.sorted(by: { $0.key < $1.key }) {
      let isDown = index < buttons.count && buttons[index] >= Self.threshold
      actions += set(target, isDown, by: .gamepadButton(index))
    }
    var speed = (x: 0.0, y: 0.0)
    for (index, axis) in map.axes.sorted(by: { $0.key < $1.key }) {
      let value = index < axes.count ? axes[index] : 0
      switch axis {
      case .targets(let negative, let positive):
        actions += set(negative, value <= -Self.threshold, by: .gamepadAxis(index))
        actions += set(positive, value >= Self.threshold, by: .gamepadAxis(index))
      case .pointer(let isVertical):
        guard abs(value) > Self.deadZone else { continue }
        // The square makes small movements fine.
        let part = Self.pointerSpeed * value * abs(value)
        if isVertical { speed.y += part } else { speed.x += part }
      }
    }
    let elapsed = gamepadTime.map { min($0.duration(to: now).seconds, Self.longestStep) } ?? 0
    gamepadTime = now
    rest = (rest.x + speed.x * elapsed, rest.y + speed.y * elapsed)
    let (x, y) = (rest.x.rounded(.towardZero), rest.y.rounded(.towardZero))
    rest = (rest.x - x, rest.y - y)
    if x != 0 || y != 0 { actions.append(.moveBy(x: Int(x), y: Int(y))) }
    return actions
  }
}
