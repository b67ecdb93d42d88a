import LiveServer
import Testing

@Suite struct RenditionTests {
  private let start = ContinuousClock.now

  /// Plays a link whose data has `age` from one second to another, thirty times a second. Returns when the wanted
  /// rendition changes, and to which.
  private func play(
    _ choice: inout RenditionChoice, from begin: Double, to end: Double, age: (Double, Rendition) -> Duration
  ) -> [(seconds: Double, rendition: Rendition)] {
    var changes: [(Double, Rendition)] = []
    for step in Int(begin * 30)..<Int(end * 30) {
      let (seconds, before) = (Double(step) / 30, choice.wanted)
      choice.update(age: age(seconds, before), at: start + .seconds(seconds))
      if choice.wanted != before { changes.append((seconds, choice.wanted)) }
    }
    return changes
  }

  @Test func aFreeLinkKeepsTheFullRendition() {
    var choice = RenditionChoice()
    #expect(play(&choice, from: 0, to: 60) { _, _ in .milliseconds(20) }.isEmpty)
    #expect(choice.wanted == .full)
  }

  /// One late moment is enough: waiting longer would only fill the link.
  @Test func dataThatWaitsLowersTheRate() {
    var choice = RenditionChoice()
    choice.update(age: RenditionChoice.congestion, at: start)
    #expect(choice.wanted == .full)
    choice.update(age: RenditionChoice.congestion + .milliseconds(1), at: start)
    #expect(choice.wanted == .light)
  }

  @Test func aLinkThatBecomesFreeGetsTheFullRenditionAgain() {
    var choice = RenditionChoice()
    let changes = play(&choice, from: 0, to: 60) { seconds, _ in seconds < 10 ? .milliseconds(400) : .zero }
    #expect(changes.map(\.rendition) == [.light, .full])
    let free = 10 + RenditionChoice.shortestPatience.components.seconds
    #expect(abs((changes.last?.seconds ?? 0) - Double(free)) < 0.1)
  }

  /// Data that is neither old nor young changes nothing.
  @Test func aLinkThatIsJustEnoughKeepsItsRendition() {
    var choice = RenditionChoice()
    choice.update(age: .seconds(1), at: start)
    #expect(play(&choice, from: 0, to: 300) { _, _ in .milliseconds(150) }.isEmpty)
    #expect(choice.wanted == .light)
  }

  /// A slow link fails each try, and the tries become rare.
  @Test func triesThatFailBecomeRare() {
    var choice = RenditionChoice()
    let changes = play(&choice, from: 0, to: 600) { _, rendition in rendition == .full ? .milliseconds(300) : .zero }
    let tries = changes.filter { $0.rendition == .full }.map(\.seconds)
    let pauses = zip(tries, tries.dropFirst()).map { $1 - $0 }
    #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 <= $1 + 0.1 }, "\(pauses)")
    #expect(tries.count <= 9 && choice.patience == RenditionChoice.longestPatience, "\(tries)")
  }

  /// A try that succeeded is forgotten: the next congestion is another one.
  @Test func aTryThatSucceedsMakesTheNextOneQuick() {
    var choice = RenditionChoice()
    _ = play(&choice, from: 0, to: 100) { _, rendition in rendition == .full ? .milliseconds(300) : .zero }
    #expect(choice.patience > RenditionChoice.shortestPatience)
    _ = play(&choice, from: 100, to: 400) { _, _ in .zero }
    #expect(choice.wanted == .full && choice.patience == RenditionChoice.shortestPatience)
  }
}
