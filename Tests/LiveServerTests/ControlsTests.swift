import Foundation
import Games
import LiveServer
import TestSupport
import Testing

@Suite struct ControlsTests {
  private let input = NotedInput()
  private let start = ContinuousClock.now

  private func batch(_ lease: String, _ number: Int, _ events: [InputEvent]) throws -> InputBatch {
    var batch = try JSONDecoder().decode(
      InputBatch.self, from: Data(#"{"lease":"\#(lease)","number":\#(number),"events":[]}"#.utf8))
    batch.events = events
    return batch
  }

  private func notes(of controls: StreamControls) -> [String] {
    controls.wait()
    return input.notes
  }

  // MARK: Lease

  @Test func oneViewerHoldsTheControls() throws {
    let controls = StreamControls(device: input)
    #expect(controls.state == .init(isHeld: false, holder: nil))
    let lease = try controls.take(name: "Ann")
    #expect(lease.utf8.count == 64 && controls.state == .init(isHeld: true, holder: "Ann"))
    #expect(throws: StreamControls.Refusal.isHeld) { try controls.take(name: "Bob") }
    #expect(throws: StreamControls.Refusal.notHolder) {
      try controls.perform(batch("0", 0, [.key(30, isDown: true)]))
    }
    #expect(throws: StreamControls.Refusal.notHolder) { try controls.giveBack(lease: "") }
    try controls.giveBack(lease: lease)
    #expect(controls.state == .init(isHeld: false, holder: nil))
    #expect(throws: StreamControls.Refusal.notHolder) { try controls.perform(batch(lease, 0, [])) }
    let next = try controls.take(name: nil)
    #expect(next != lease && controls.state == .init(isHeld: true, holder: nil))
    #expect(notes(of: controls).isEmpty)
  }

  @Test func everythingIsReleasedWhenALeaseEnds() throws {
    for ending in ["given back", "silent", "closed"] {
      let controls = StreamControls(device: input)
      let before = input.notes.count
      let lease = try controls.take(name: nil, at: start)
      try controls.perform(
        batch(lease, 0, [.key(30, isDown: true), .button(1, isDown: true), .key(42, isDown: true)]), at: start)
      try controls.perform(batch(lease, 1, [.key(42, isDown: false)]), at: start)
      switch ending {
      case "given back": try controls.giveBack(lease: lease)
      case "silent":
        controls.endSilent(at: start + .seconds(4))
        #expect(controls.state.isHeld)
        controls.endSilent(at: start + .seconds(6))
      default: controls.close()
      }
      #expect(!controls.state.isHeld)
      let notes = notes(of: controls)[before...]
      #expect(notes.prefix(4) == ["key 30 down", "button 1 down", "key 42 down", "key 42 up"], "\(ending)")
      #expect(Set(notes.dropFirst(4)) == ["key 30 up", "button 1 up"] && notes.count == 6, "\(ending)")
    }
  }

  @Test func aSilentHolderLosesTheControlsToTheNext() throws {
    let controls = StreamControls(device: input)
    let lease = try controls.take(name: nil, at: start)
    #expect(throws: StreamControls.Refusal.isHeld) { try controls.take(name: nil, at: start + .seconds(4)) }
    _ = try controls.take(name: "Bob", at: start + .seconds(6))
    #expect(throws: StreamControls.Refusal.notHolder) {
      try controls.perform(batch(lease, 0, []), at: start + .seconds(6))
    }
    #expect(controls.state.holder == "Bob")
  }

  @Test func aHolderWhoDoesNothingLosesTheControls() throws {
    let controls = StreamControls(device: input)
    let lease = try controls.take(name: nil, at: start)
    var number = 0
    func send(_ events: [InputEvent], at second: Int) throws {
      try controls.perform(batch(lease, number, events), at: start + .seconds(second))
      number += 1
    }
    // A key that is down is something.
    try send([.key(30, isDown: true)], at: 0)
    for second in stride(from: 4, through: 600, by: 4) { try send([], at: second) }
    try send([.key(30, isDown: false)], at: 604)
    for second in stride(from: 608, through: 900, by: 4) { try send([], at: second) }
    #expect(controls.state.isHeld)
    #expect(throws: StreamControls.Refusal.notHolder) {
      for second in stride(from: 904, through: 912, by: 4) { try send([], at: second) }
    }
  }

  // MARK: Batches

  @Test func batchesActInTheOrderOfTheirNumbers() throws {
    let controls = StreamControls(device: input)
    let lease = try controls.take(name: nil)
    for number in [2, 1, 0, 1, 0, 4, 3] {
      try controls.perform(batch(lease, number, [.moveBy(x: number + 1, y: 0)]))
    }
    #expect(notes(of: controls) == ["by 1 0", "by 2 0", "by 3 0", "by 4 0", "by 5 0"])
    for number in 6..<14 { try controls.perform(batch(lease, number, [])) }
    #expect(throws: StreamControls.Refusal.missing(number: 5)) { try controls.perform(batch(lease, 14, [])) }
    try controls.perform(batch(lease, 5, []))
    try controls.perform(batch(lease, 14, []))
  }

  @Test func aHolderCanSendOnlySoManyBatches() throws {
    let controls = StreamControls(device: input)
    let lease = try controls.take(name: nil, at: start)
    #expect(throws: StreamControls.Refusal.tooMany) {
      for number in 0..<200 { try controls.perform(batch(lease, number, []), at: start) }
    }
    // One second later.
    try controls.perform(batch(lease, 0, []), at: start + .seconds(1))
  }

  @Test func aDeviceThatIsGoneIsAnError() throws {
    let controls = StreamControls(device: input)
    let lease = try controls.take(name: nil)
    input.fail(with: .displayLost)
    try controls.perform(batch(lease, 0, [.key(30, isDown: true)]))
    controls.wait()
    let refusal = StreamControls.Refusal.unavailable("the display has ended")
    #expect(throws: refusal) { try controls.perform(batch(lease, 1, [])) }
    try controls.giveBack(lease: lease)
    #expect(throws: refusal) { try controls.take(name: nil) }
  }

  private func decode(_ event: String) throws -> InputEvent {
    let json = #"{"lease":"a","number":0,"events":[\#(event)]}"#
    return try #require(try JSONDecoder().decode(InputBatch.self, from: Data(json.utf8)).events.first)
  }

  @Test func eventsAreRead() throws {
    #expect(try decode(#"{"type":"key","code":"KeyA","isDown":true}"#) == .key(30, isDown: true))
    #expect(try decode(#"{"type":"button","button":2,"isDown":false}"#) == .button(3, isDown: false))
    #expect(try decode(#"{"type":"move","x":0,"y":1}"#) == .move(x: 0, y: 1))
    #expect(try decode(#"{"type":"moveBy","x":-7,"y":4096}"#) == .moveBy(x: -7, y: 4096))
    #expect(try decode(#"{"type":"wheel","x":0,"y":-2}"#) == .wheel(x: 0, y: -2))
    #expect(
      try decode(#"{"type":"gamepad","axes":[-1,0.5],"buttons":[1]}"#) == .gamepad(axes: [-1, 0.5], buttons: [1]))
  }

  @Test(arguments: [
    #"{"type":"key","code":"Power","isDown":true}"#, #"{"type":"key","code":"","isDown":true}"#,
    #"{"type":"key","code":"KeyA"}"#, #"{"type":"key","code":30,"isDown":true}"#,
    #"{"type":"button","button":5,"isDown":true}"#, #"{"type":"button","button":-1,"isDown":true}"#,
    #"{"type":"move","x":1.1,"y":0}"#, #"{"type":"move","x":0}"#, #"{"type":"moveBy","x":4097,"y":0}"#,
    #"{"type":"moveBy","x":0.5,"y":0}"#, #"{"type":"wheel","x":0,"y":21}"#, #"{"type":"wheel","x":1e30,"y":0}"#,
    #"{"type":"gamepad","axes":[2],"buttons":[]}"#,
    #"{"type":"gamepad","axes":[],"buttons":[\#(Array(repeating: "0", count: 33).joined(separator: ","))]}"#,
    #"{"type":"touch","x":0,"y":0}"#, #"{"type":"move","x":0,"y":0,"z":0}"#, "7", "null",
  ])
  func otherEventsAreRefused(event: String) {
    #expect(throws: DecodingError.self) { try decode(event) }
  }

  @Test func batchesHaveLimits() {
    let many = Array(repeating: #"{"type":"move","x":0,"y":0}"#, count: 65).joined(separator: ",")
    for json in [
      #"{"lease":"a","number":-1,"events":[]}"#, #"{"lease":"a","number":99999999999,"events":[]}"#,
      #"{"lease":"a","events":[]}"#, #"{"lease":"a","number":0,"events":[],"more":1}"#,
      #"{"lease":"a","number":0,"events":[\#(many)]}"#,
    ] {
      #expect(throws: DecodingError.self, "\(json.prefix(80))") {
        try JSONDecoder().decode(InputBatch.self, from: Data(json.utf8))
      }
    }
  }

  // MARK: Keys

  /// Numbers from `input-event-codes.h` of Linux.
  @Test(arguments: [
    ("Escape", 1), ("Digit1", 2), ("Digit0", 11), ("KeyQ", 16), ("KeyP", 25), ("KeyA", 30), ("KeyL", 38), ("KeyZ", 44),
    ("KeyM", 50), ("Space", 57), ("F1", 59), ("F10", 68), ("F11", 87), ("F12", 88), ("F13", 183), ("F24", 194),
    ("Numpad7", 71), ("Numpad6", 77), ("Numpad1", 79), ("Numpad0", 82), ("ArrowUp", 103), ("ArrowDown", 108),
    ("ControlRight", 97), ("MetaLeft", 125),
  ])
  func keysHaveTheNumbersOfLinux(name: String, code: UInt8) {
    #expect(KeyCodes[name] == code)
  }

  @Test func keysHaveDifferentNumbers() {
    let codes = KeyCodes.names.compactMap { KeyCodes[$0] }
    #expect(Set(codes).count == codes.count && codes.count == KeyCodes.names.count)
    // X keycodes are larger by 8 and have eight bits.
    #expect(codes.allSatisfy { (1...247).contains($0) })
    for name in ["Power", "Sleep", "AudioVolumeUp", "BrowserBack", "Unidentified", "keya"] {
      #expect(KeyCodes[name] == nil)
    }
  }

  @Test func thePageSendsExactlyTheKnownKeys() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/LiveServer/Page/game-controls.js").standardizedFileURL
    let script = try String(contentsOf: file, encoding: .utf8)
    let pattern = try #require(script.firstMatch(of: #/knownKeys = \/\^(.*)\$\/;/#)).1
    let expression = try Regex(String(pattern))
    for name in KeyCodes.names { #expect(try expression.wholeMatch(in: name) != nil, "\(name)") }
    for name in ["Power", "AudioVolumeUp", "F25", "Key", "BracketUp", "NumpadHash", "Lang1"] {
      #expect(KeyCodes[name] == nil)
      #expect(try expression.wholeMatch(in: name) == nil, "\(name)")
    }
  }

  // MARK: Pointer and gamepad

  private func notes(of events: [InputEvent], map: GamepadMap = .standard) throws -> [String] {
    let controls = StreamControls(device: input, gamepad: map)
    let lease = try controls.take(name: nil, at: start)
    for (number, event) in events.enumerated() {
      try controls.perform(batch(lease, number, [event]), at: start + .milliseconds(20 * number))
    }
    return notes(of: controls)
  }

  @Test func theWheelTurnsInSteps() throws {
    let notes = try notes(of: [.wheel(x: 0, y: -2), .wheel(x: 1, y: 0), .wheel(x: -1, y: 1)])
    let buttons = notes.filter { $0.hasSuffix("down") }.map { String($0.split(separator: " ")[1]) }
    #expect(buttons == ["4", "4", "7", "6", "5"] && notes.count == 10)
  }

  @Test func repeatedKeysAreSentOnce() throws {
    let notes = try notes(of: [
      .key(30, isDown: true), .key(30, isDown: true), .key(30, isDown: false), .key(30, isDown: false),
      .key(31, isDown: false),
    ])
    #expect(notes == ["key 30 down", "key 30 up"])
  }

  @Test func aGamepadPressesKeys() throws {
    let notes = try notes(of: [
      .gamepad(axes: [-1, 0.2], buttons: [1, 0.2]), .gamepad(axes: [0.6, 0], buttons: [0.7, 0]),
      .gamepad(axes: [], buttons: []),
    ])
    let (enter, left, right) = (28, 105, 106)
    #expect(
      notes == [
        "key \(enter) down", "key \(left) down", "key \(left) up", "key \(right) down", "key \(enter) up",
        "key \(right) up",
      ])
  }

  /// The cross and the left stick are the same keys.
  @Test func aKeyIsDownWhileAnythingHoldsIt() throws {
    var cross = [Double](repeating: 0, count: 17)
    cross[14] = 1
    let left = UInt8(105)
    let notes = try notes(of: [
      .gamepad(axes: [-1, 0], buttons: cross), .gamepad(axes: [0, 0], buttons: cross), .key(left, isDown: true),
      .gamepad(axes: [], buttons: []), .key(left, isDown: false),
    ])
    #expect(notes == ["key 105 down", "key 105 up"])
  }

  @Test func aStickMovesThePointer() throws {
    // 20 ms at 1200 pixels per second are 24 pixels, at half of it a quarter: 6. A stick near its middle rests.
    let notes = try notes(of: [
      .gamepad(axes: [0, 0, 1, 0], buttons: []), .gamepad(axes: [0, 0, 1, -0.5], buttons: []),
      .gamepad(axes: [0, 0, 0.1, 0.1], buttons: []),
    ])
    #expect(notes == ["by 24 -6"])
  }

  @Test func aMapIsRead() throws {
    let map = try GamepadMap("# jump\n\nbutton 0  Space\nbutton 5 mouse 2\naxis 1 KeyW KeyS\naxis 0 pointer x\n")
    let notes = try notes(
      of: [.gamepad(axes: [1, -1], buttons: [1, 1, 1, 1, 1, 1]), .gamepad(axes: [1, 0], buttons: [])], map: map)
    #expect(
      notes == ["key 57 down", "button 3 down", "key 17 down", "key 57 up", "button 3 up", "key 17 up", "by 24 0"])
    #expect(try GamepadMap("") != .standard)
  }

  @Test(arguments: [
    ("button 0 Power", "line 1: found 'button 0 Power', expected the name of a key"), ("button 0", "line 1"),
    ("\naxis 0 KeyA", "line 2"), ("axis 0 pointer z", "line 1"), ("button 99 KeyA", "line 1"),
    ("stick 0 KeyA", "line 1"),
    ("button 0 KeyA KeyB", "line 1"), ("button 0 mouse 9", "line 1"), ("button -1 KeyA", "line 1"),
  ])
  func otherMapsAreRefused(text: String, message: String) {
    let fault = #expect(throws: GamepadMap.Fault.self) { try GamepadMap(text) }
    #expect(fault?.description.hasPrefix(message) == true, "\(fault?.description ?? "")")
  }
}
