import Console
import Measurement
import Testing

@Suite struct RooflineTests {
  private let roofline = Roofline(threads: 1, peakGFLOPS: 100, bandwidthGBPS: 10)

  @Test func bandwidthLimitsLowIntensity() {
    #expect(roofline.attainableGFLOPS(operations: 200, bytes: 100) == 20)
    #expect(roofline.attainableGFLOPS(operations: 2000, bytes: 100) == 100)
    #expect(roofline.attainableGFLOPS(operations: 1, bytes: 0) == 100)
  }

  @Test func candidatesTakeTurns() {
    var order: [Int] = []
    let times = Timing.interleaved([{ order.append(0) }, { order.append(1) }], seconds: 0, minimum: 4)
    // One round to warm up and four counted ones.
    #expect(order == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    #expect(times.map(\.count) == [4, 4])
    #expect(times.allSatisfy { $0.allSatisfy { $0 >= 0 } })
    #expect(Timing.interleaved([{}], seconds: 100, minimum: 1, maximum: 7)[0].count == 7)
  }
}
