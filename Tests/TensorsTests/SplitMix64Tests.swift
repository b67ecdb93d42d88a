import Tensors
import Testing

@Suite struct SplitMix64Tests {
  @Test("The sequence of a seed is that of the published algorithm")
  func followsTheAlgorithm() {
    var random = SplitMix64(seed: 1_234_567)
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
      16_408_922_859_458_223_821,
    ]
    #expect(expected.map { _ in random.next() } == expected)
  }

  @Test("Streams of one seed differ and are reproducible")
  func streamsDiffer() {
    func values(_ stream: UInt64) -> [UInt64] {
      var random = SplitMix64(seed: 1, stream: stream)
      return (0..<4).map { _ in random.next() }
    }
    #expect(values(1) == values(1))
    #expect(Set((0..<8).flatMap(values)).count == 32)
  }

  @Test("Floats lie in 0 ..< 1 and indices below their bound")
  func staysInRange() {
    var random = SplitMix64(seed: 3)
    let floats = (0..<1000).map { _ in random.uniform() }
    #expect(floats.allSatisfy { (0..<1).contains($0) })
    let indices = (0..<1000).map { _ in random.index(below: 7) }
    #expect(Set(indices) == Set(0..<7))
  }
}
