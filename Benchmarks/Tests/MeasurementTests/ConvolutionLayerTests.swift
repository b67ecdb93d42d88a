import Kernels
import Measurement
import Networks
import Testing
import Threading

@Suite struct ConvolutionLayerTests {
  @Test func johnsonsLayers() throws {
    let definition = NetworkDefinition.johnson(width: 0.5)
    let layers = try ConvolutionLayer.all(of: definition, height: 48, width: 64)
    #expect(
      layers.map(\.geometry.text) == [
        "9×9 3→16 64×48", "3×3/2 16→32 32×24", "3×3/2 32→64 16×12", "3×3 64→64 16×12", "3×3 64→32 32×24 ↑2",
        "3×3 32→16 64×48 ↑2", "9×9 16→3 64×48",
      ])
    #expect(layers.map(\.names.count) == [1, 1, 1, 10, 1, 1, 1])
  }

  /// Two independent walks over the network agree on its work.
  @Test(arguments: NetworkChoice.names)
  func operationsAreThoseOfTheDefinition(name: String) throws {
    let definition = try NetworkChoice(name).definition
    let layers = try ConvolutionLayer.all(of: definition, height: 360, width: 640)
    let operations = layers.reduce(0) { $0 + $1.geometry.operations * Double($1.names.count) }
    #expect(operations == 2 * Double(definition.multiplyAdds(height: 360, width: 640)))
  }

  @Test func algorithmsAgree() {
    let geometry = ConvolutionGeometry(
      batch: 1, height: 9, width: 14, inputChannels: 8, outputChannels: 16, kernel: 3, padding: 1, paddingMode: .reflect
    )
    let pool = ComputePool(threads: 2)
    let expected = ConvolutionRun(geometry, algorithm: .im2col, pool: pool)
    expected()
    for algorithm in ConvolutionAlgorithm.allCases where algorithm.supports(geometry) {
      let run = ConvolutionRun(geometry, algorithm: algorithm, pool: pool)
      // Nothing is computed yet: the difference sees all of the output.
      #expect(run.difference(from: expected) == 1)
      run()
      #expect(run.difference(from: expected) < 1e-4)
    }
  }
}
