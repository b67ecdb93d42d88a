import Testing
import Threading

@Suite struct DurationTests {
  @Test func durationsInSeconds() {
    #expect(Duration.milliseconds(1500).seconds == 1.5)
    #expect(Duration.microseconds(-250).seconds == -0.00025)
    #expect(Duration.seconds(2).milliseconds == 2000)
  }
}
