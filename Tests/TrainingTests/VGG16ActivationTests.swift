import Autograd
import Kernels
import TestSupport
import Tensors
import Testing
import Threading
import Training

@Suite struct VGG16ActivationTests {
  @Test func layersAreThoseOfTheFile() {
    #expect(
      VGG16Activation.all.map(\.name) == [
        "relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu3_3", "relu4_1", "relu4_2", "relu4_3",
      ])
    #expect(VGG16Activation.all.map(\.channels) == [64, 64, 128, 128, 256, 256, 256, 512, 512, 512])
    #expect(VGG16Activation(name: "relu3_2")?.index == 5)
    #expect(VGG16Activation(name: "relu5_1") == nil)
    let layer = VGG16Activation(name: "relu4_2")
    #expect(layer?.oneOfEachBlock.map(\.name) == ["relu1_2", "relu2_2", "relu3_3", "relu4_2"])
    #expect(VGG16Activation(name: "relu1_1")?.oneOfEachBlock.map(\.name) == ["relu1_1"])
  }

  /// The sizes in the literature, for example in A. Araujo et al.: Computing Receptive Fields, Distill 2019.
  @Test func receptiveFieldsAreKnown() {
    #expect(VGG16Activation.all.map(\.receptiveField.size) == [3, 5, 10, 14, 24, 32, 40, 60, 76, 92])
    #expect(VGG16Activation.all.map(\.receptiveField.stride) == [1, 1, 2, 2, 4, 4, 4, 8, 8, 8])
  }

  @Test func rectanglesAreCutAtTheBorder() throws {
    let field = try #require(VGG16Activation(name: "relu2_1")).receptiveField
    #expect(field.pixels(of: 10, extent: 100) == 16..<26)
    #expect(field.pixels(of: 0, extent: 100) == 0..<6)
    #expect(field.pixels(of: 49, extent: 100) == 94..<100)
    #expect(field.alignedPixels(of: 10, extent: 101) == 16..<26)
    let deep = try #require(VGG16Activation(name: "relu4_3")).receptiveField
    #expect(deep.pixels(of: 20, extent: 400) == 118..<210)
    #expect(deep.alignedPixels(of: 20, extent: 400) == 112..<216)
    #expect(deep.alignedPixels(of: 49, extent: 401) == 344..<401)
  }

  /// The field of a neuron is where its gradient can differ from zero, found with a network of nothing but additions.
  @Test(arguments: ["relu1_2", "relu2_2", "relu3_1"])
  func fieldIsWhereTheGradientIs(name: String) throws {
    let layer = try #require(VGG16Activation(name: name))
    let tape = Tape(pool: ComputePool(threads: 2), allocator: TensorAllocator())
    let extent = 52
    let image = Variable(
      syntheticImage(width: extent, height: extent, seed: 3).images(0..<1), requiresGradient: true)
    let weight = Variable(Tensor(Shape([3, 3, 3, 3]), elements: [Float](repeating: 0.01, count: 81)))
    // Pooling passes a gradient to one pixel of a block only: averages show the whole field.
    var value: Variable = image
    for step in VGG16Activation.all where step <= layer {
      if step.block > 0, step.name.hasSuffix("_1") {
        value = tape.areaReduced(value, height: value.value.shape.height / 2, width: value.value.shape.width / 2)
      }
      value = tape.convolution(value, weight: weight, bias: nil, padding: 1, paddingMode: .zeros)
    }
    let seed = Tensor(value.value.shape)
    let (row, column) = (0, seed.shape.width / 2)
    seed.buffer[(row * seed.shape.width + column) * 3] = 1
    tape.seed(value, gradient: seed)
    tape.backward()
    let gradient = try #require(image.gradient)
    let rows = (0..<extent).filter { y in (0..<extent).contains { gradient.buffer[3 * (y * extent + $0)] != 0 } }
    let columns = (0..<extent).filter { x in (0..<extent).contains { gradient.buffer[3 * ($0 * extent + x)] != 0 } }
    #expect(rows == Array(layer.receptiveField.pixels(of: row, extent: extent)))
    #expect(columns == Array(layer.receptiveField.pixels(of: column, extent: extent)))
  }

  /// The activations are the features that the losses use, where they have the same name.
  @Test(.enabled(if: ExternalData.vgg16 != nil, "the VGG-16 weights are not on this machine"))
  func activationsAreTheFeatures() throws {
    let extractor = try VGG16(path: try #require(ExternalData.vgg16))
    let image = Variable(syntheticImage(width: 37, height: 26, seed: 1))
    func tape() -> Tape { Tape(pool: ComputePool(threads: 2), allocator: TensorAllocator()) }
    let features = extractor.features(of: image, on: tape())
    let last = try #require(VGG16Activation.all.last)
    var names: [String] = []
    extractor.forEachActivation(of: image, upTo: last, on: tape()) { layer, value in
      names.append(layer.name)
      #expect(value.value.shape.channels == layer.channels)
      if let feature = features[VGG16Layer(rawValue: layer.name) ?? .relu1_2], VGG16Layer(rawValue: layer.name) != nil {
        #expect(value.value.elements == feature.value.elements, "\(layer)")
      }
    }
    #expect(names == VGG16Activation.all.map(\.name))
    for rule in RectifierGradient.allCases {
      var elements: [Float] = []
      extractor.forEachActivation(of: image, upTo: last, rectifier: rule, on: tape()) { layer, value in
        if layer == last { elements = value.value.elements }
      }
      #expect(elements == features[.relu4_3]?.value.elements, "\(rule) changes the values")
    }
  }
}
