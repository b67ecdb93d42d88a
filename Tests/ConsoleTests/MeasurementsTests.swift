import Console
import Foundation
import Testing

@Suite struct MeasurementsTests {
  @Test(arguments: [
    (Duration.zero, "0:00"), (.milliseconds(7499), "0:07"), (.milliseconds(59_500), "1:00"), (.seconds(725), "12:05"),
    (.seconds(3723), "1:02:03"), (.seconds(360_000), "100:00:00"), (.seconds(-5), "0:00"),
  ])
  func durationsReadAsOnAClock(duration: Duration, text: String) {
    #expect(duration.clockText == text)
  }

  @Test func peakMemoryCountsTouchedPages() {
    let byteCount = 256 << 20
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    memset(memory, 1, byteCount)
    #expect(PeakMemory.megabytes >= 256)
    memory.deallocate()
    #expect(PeakMemory.megabytes >= 256)
  }

  @Test func jsonIsOneSortedLine() throws {
    struct Result: Encodable {
      var width = 640
      var file = "a/b \"c\".mp4"
      var fps = 23.5
    }
    #expect(try JSONLine.text(of: Result()) == #"{"file":"a/b \"c\".mp4","fps":23.5,"width":640}"#)
  }

  @Test func jsonRejectsNaN() {
    #expect(throws: EncodingError.self) { try JSONLine.text(of: ["loss": Double.nan]) }
  }

  @Test func firstSignalOnlyRaisesTheFlag() {
    let flag = InterruptFlag.install()
    #expect(!flag.isRaised)
    #expect(flag.signalName == nil)
    // Sent to the process, because the threads that run tests block signals.
    kill(getpid(), SIGTERM)
    for _ in 0..<1000 where !flag.isRaised { usleep(10_000) }
    #expect(flag.isRaised)
    #expect(flag.signalName == "SIGTERM")
    #expect(flag.exitCode == 143)
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
    signal(SIGHUP, SIG_DFL)
  }
}
