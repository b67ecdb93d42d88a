import Kernels
import Measurement
import Networks
import Testing
import Threading

@Suite struct ConvolutionLayerTests {
  @Test func layersOfJohnson() throws {
    let definition = NetworkDefinition.johnson(width: 0.5)
    let layers = try ConvolutionLayer.all(of: definition, height: 48, width: 64)
    #expect(
      layers.map(\.geometry.text) == [
        "9×9 3→16 64×48", "3×3/2 16→32 32×24", "3×3/2 32→64 16×12", "3×3 64→64 16×12", "3×3 64→32 32×24 ↑2",
        "3×3 32→16 64×48 ↑2", "9×9 16→3 64×48",
      ])
    #expect(layers.map(\.names.count) == [1, 1, 1, 10, 1, 1, 1])
    #expect(
      layers.map { $0.kernel?.description } == [
        "fromPicture-winograd", "direct", "direct", "winograd6", "upsample", "upsampleWinograd", "toPicture-winograd",
      ])
  }

  /// The work of a network is computed in two independent ways.
  @Test(arguments: NetworkChoice.names)
  func operationsMatchTheDefinition(name: String) throws {
    let definition = try NetworkChoice(name).definition
    let layers = try ConvolutionLayer.all(of: definition, height: 360, width: 640)
    #expect(layers.contains { $0.kernel == nil } == (definition.canvasLines != nil))
    let operations = layers.reduce(0) { $0 + $1.operations * Double($1.names.count) }
    #expect(try operations == 2 * Double(definition.multiplyAdds(height: 360, width: 640)))
  }

  @Test func draftHasCanvasSizeAndRevisionHalfTheFrameSize() throws {
    let definition = try NetworkDefinition.named(
      "dense:head=unshuffle2,tail=upsample,channels=8-16-32,detail=0,blocks=2,norm=instance,canvas=64,revision=10")
    let layers = try ConvolutionLayer.all(of: definition, height: 179, width: 320)
    // The canvas of 64 lines has 116 (114.4, a multiple of 4) columns.
    #expect(
      layers.map(\.geometry.text) == [
        "3×3 12→16 58×32", "3×3/2 16→32 29×16", "3×3 32→32 29×16", "3×3 32→16 58×32 ↑2", "3×3 16→3 116×64 ↑2",
        "3×3 8→10 160×90", "3×3 10→12 160×90",
      ])
    #expect(layers.filter { $0.kernel == nil }.flatMap(\.names) == ["revision.conv1", "revision.conv2"])
    let plain = try NetworkDefinition.named("dense:canvas=64,revision=0")
    #expect(try ConvolutionLayer.all(of: plain, height: 179, width: 320).allSatisfy { $0.kernel != nil })
  }

  /// From and to pictures, with complete and incomplete vectors of channels, with and without upsampling.
  @Test(arguments: [(3, 16, 9, 1), (16, 3, 9, 1), (16, 3, 3, 2), (8, 16, 3, 1), (12, 20, 3, 1), (16, 8, 3, 2)])
  func kernelsAgree(inputs: Int, outputs: Int, kernel: Int, upsampling: Int) {
    let geometry = ConvolutionGeometry(
      batch: 1, height: 9, width: 14, inputChannels: inputs, outputChannels: outputs, kernel: kernel,
      padding: kernel / 2, paddingMode: .reflect, upsampling: upsampling)
    expectAgreement(of: LayerKernel.allCases.filter { $0.kind == .dense && $0.supports(geometry) }, on: geometry)
  }

  @Test(arguments: [1, 2])
  func depthwiseKernelsAgree(upsampling: Int) {
    let geometry = ConvolutionGeometry(
      batch: 1, height: 9, width: 14, inputChannels: 12, outputChannels: 12, kernel: 3, padding: 1,
      paddingMode: .reflect, upsampling: upsampling)
    let kernels = LayerKernel.allCases.filter { $0.kind == .depthwise && $0.supports(geometry) }
    // The first is the reference: the only one that supports every geometry.
    #expect(kernels.count > 1 && kernels.first == .depthwise(.general))
    expectAgreement(of: kernels, on: geometry)
  }

  /// Whether the factors of the kernel's products have 8 bits.
  private func isOfBFloat16(_ kernel: LayerKernel) -> Bool {
    if case .fused(let algorithm) = kernel { algorithm.precision == .bfloat16 } else { false }
  }

  private func expectAgreement(of kernels: [LayerKernel], on geometry: ConvolutionGeometry) {
    let pool = ComputePool(threads: 2)
    let expected = ConvolutionRun(geometry, kernel: kernels[0], pool: pool)
    expected()
    for kernel in kernels {
      let run = ConvolutionRun(geometry, kernel: kernel, pool: pool)
      // Only one of the runs has an output: the difference covers all of it.
      #expect(run.difference(from: expected) == 1)
      run()
      #expect(run.difference(from: expected) < (isOfBFloat16(kernel) ? 6e-2 : 1e-4))
    }
  }

  @Test func smallNetworksUseEveryKernel() throws {
    let layers = try KernelNetworks.all.flatMap {
      try ConvolutionLayer.all(of: $0, height: KernelNetworks.height, width: KernelNetworks.width)
    }
    // An engine uses products of bfloat16 only if asked to.
    #expect(
      Set(layers.compactMap(\.kernel))
        == Set(LayerKernel.allCases.filter { !isOfBFloat16($0) }).subtracting([.im2col]))
    for layer in layers {
      #expect(try layer.candidates.contains(#require(layer.kernel)))
      #expect(layer.operations > 0 && layer.minimumBytes > 0)
    }
  }

  @Test func kernelsHaveNames() {
    #expect(LayerKernel.allCases.map { LayerKernel($0.description) } == LayerKernel.allCases)
    #expect(LayerKernel("fft") == nil)
  }
}
