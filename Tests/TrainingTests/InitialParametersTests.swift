import Networks
import Tensors
import Testing
import Training

@Suite struct InitialParametersTests {
  @Test("A convolution before a pixel shuffle interpolates constants and ramps exactly", arguments: [2, 4])
  func interpolation(factor: Int) throws {
    let definition = try NetworkDefinition.named("dense:tail=shuffle\(factor),channels=8-16-32")
    let weight = try #require(NetworkExecutor.initialParameters(of: definition, seed: 3)["output.weight"])
    let (squared, inputs) = (factor * factor, weight.shape.dimensions[1])
    let elements = weight.elements
    #expect(Set(elements).count > 3 * inputs, "random values for each colour and channel")
    for colour in 0..<3 {
      for input in 0..<inputs {
        func kernel(_ place: Int) -> [Float] {
          let first = ((colour * squared + place) * inputs + input) * 9
          return Array(elements[first..<first + 9])
        }
        let value = kernel(0).reduce(0, +)
        #expect(abs(value) <= 1 / Float(inputs).squareRoot() + 1e-6)
        for place in 0..<squared {
          let taps = kernel(place)
          // The rounding error of sums of nine single-precision values.
          #expect(abs(taps.reduce(0, +) - value) <= 1e-6)
          let horizontal = (0..<9).reduce(Float(0)) { $0 + taps[$1] * Float($1 % 3 - 1) }
          let vertical = (0..<9).reduce(Float(0)) { $0 + taps[$1] * Float($1 / 3 - 1) }
          let offsets = (x: place % factor, y: place / factor)
          func position(_ index: Int) -> Float { (Float(index) + 0.5) / Float(factor) - 0.5 }
          #expect(abs(horizontal - value * position(offsets.x)) <= 1e-6)
          #expect(abs(vertical - value * position(offsets.y)) <= 1e-6)
        }
      }
    }
  }

  @Test("Values depend on the seed")
  func seeds() throws {
    let definition = try NetworkDefinition.named("realtime")
    let values = [1, 1, 2].map { seed in
      NetworkExecutor.initialParameters(of: definition, seed: seed).mapValues(\.elements)
    }
    #expect(values[0] == values[1] && values[0] != values[2])
  }
}
