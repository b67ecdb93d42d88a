import Kernels
import TestSupport
import Tensors
import Testing

@Suite struct ActivationPassTests {
  /// One pixel, a few, and enough for several tasks with a rest.
  static let extents = [(1, 8), (7, 24), (2601, 16), (1023, 136)]

  private func shape(_ extent: (pixels: Int, channels: Int)) -> Shape {
    Shape(batch: 1, height: 1, width: extent.pixels, channels: extent.channels)
  }

  @Test("Norm, ReLU, residual, then ReLU and the scaled tanh of the output", arguments: extents, Prologue.all)
  func forward(extent: (pixels: Int, channels: Int), _ prologue: Prologue) {
    var random = Random(seed: 41)
    let input = LazyInput(shape(extent), prologue, random: &random)
    for (rectifies, tanh) in [(false, false), (true, false), (false, true), (true, true)] {
      var expected = rectifies ? Reference.relu(input.reference) : input.reference
      if tanh { expected = Reference.scaledTanh(expected, scale: -3, offset: 1) }
      let results = pools.map { pool in
        withOutput(
          pixels: extent.pixels, channels: extent.channels, rectifies: rectifies,
          tasks: ActivationPass.taskCount(pixels: extent.pixels, channels: extent.channels)
        ) { output in
          input.withActivationInput {
            ActivationPass.forward(
              $0, pixels: extent.pixels, channels: extent.channels,
              scaling: PictureScaling(tanh: tanh ? (-3, 1) : nil), output: output, pool: pool)
          }
        }
      }
      // The approximated tanh is good to 4e-7 of its scale.
      expectAgreement(
        results[0].output, expected, within: tanh ? 1e-6 : Tolerance.prologue, "rectifies \(rectifies), tanh \(tanh)")
      #expect(results[1] == results[0] && results[2] == results[0])
    }
  }

  @Test("The output may be the input's own memory", arguments: extents)
  func inPlace(extent: (pixels: Int, channels: Int)) {
    var random = Random(seed: 42)
    let input = LazyInput(shape(extent), Prologue(hasNorm: true, rectifies: true, hasResidual: true), random: &random)
    let buffer = GuardedBuffer(inBlocks(input.values.elements, batch: 1, channels: extent.channels))
    input.withActivationInput { description in
      var description = description
      description.values = UnsafePointer(buffer.pointer)
      ActivationPass.forward(
        description, pixels: extent.pixels, channels: extent.channels, output: ActivationOutput(buffer.pointer),
        pool: pool)
    }
    expectIntact(buffer)
    let output = fromBlocks(buffer.elements, batch: 1, channels: extent.channels)
    expectAgreement(output, input.reference, within: Tolerance.prologue, "in place")
  }

  @Test("A picture becomes an activation of eight channels", arguments: [(1, 1, 4, 4), (5, 3, 8, 4), (13, 7, 13, 7)])
  func unpack(width: Int, height: Int, extendedWidth: Int, extendedHeight: Int) {
    var random = Random(seed: 43)
    let picture = StridedPicture(width: width, height: height, random: &random)
    let geometry = ConvolutionGeometry(
      batch: 1, height: extendedHeight, width: extendedWidth, inputChannels: 3, outputChannels: 3, kernel: 1,
      padding: 0, paddingMode: .zeros)
    let map = PictureMap(geometry, width: width, height: height)
    let results = picture.withInputs { input in
      withOutput(pixels: extendedWidth * extendedHeight, channels: 8) {
        ActivationPass.unpack(
          input, map: map, width: extendedWidth, height: extendedHeight, output: $0.values, pool: pool)
      }.output
    }
    let expected = picture.extended(width: extendedWidth, height: extendedHeight).elements
    var activation = [Float](repeating: 0, count: extendedWidth * extendedHeight * 8)
    for (index, value) in expected.enumerated() { activation[index / 3 * 8 + index % 3] = Float(value) }
    #expect(results.bytes == activation)
    #expect(results.floats == activation)
  }

  @Test("Three channels become a picture, cropped, scaled and rounded", arguments: [8, 24], Prologue.all)
  func pack(channels: Int, _ prologue: Prologue) {
    var random = Random(seed: 44)
    let input = LazyInput(Shape(batch: 1, height: 7, width: 10, channels: channels), prologue, random: &random)
    let reference = input.reference
    var picture = ReferenceTensor(Shape(batch: 1, height: 7, width: 10, channels: 3))
    for index in picture.elements.indices {
      picture.elements[index] = reference.elements[index / 3 * channels + index % 3]
    }
    for (scaling, width, height) in [((120, 90), 10, 7), ((150, 127.5), 7, 4), (nil, 1, 1)]
      as [((Float, Float)?, Int, Int)]
    {
      var expected = topLeft(picture, height: height, width: width)
      if let scaling {
        expected = Reference.scaledTanh(expected, scale: Double(scaling.0), offset: Double(scaling.1))
      }
      let written = writtenPicture(width: width, height: height) { output in
        input.withActivationInput {
          ActivationPass.pack(
            $0, width: 10,
            scaling: PictureScaling(tanh: scaling.map { (scale: $0.0, offset: $0.1) }),
            picture: output, pool: pool)
        }
      }
      expectAgreement(written.floats, expected, within: 1e-6, "floats")
      #expect(written.bytes == nearestBytes(written.floats))
    }
  }

  @Test("What is not a number becomes the byte 0, what is infinite a limit, halves go to the even byte")
  func bytes() {
    let values: [Float] = [.nan, .infinity, -.infinity, 0.5, 1.5, 2.5, 254.5, 255.5, -0.5, 1e30, -1e30, 127.49]
    let activation = GuardedBuffer(count: 4 * 8)
    for (index, value) in values.enumerated() { activation.pointer[index / 3 * 8 + index % 3] = value }
    let written = writtenPicture(width: 4, height: 1) {
      ActivationPass.pack(
        ActivationInput(activation.pointer), width: 4, scaling: PictureScaling(tanh: nil), picture: $0,
        pool: pool)
    }
    expectIntact(activation)
    #expect(written.bytes == [0, 255, 0, 0, 2, 2, 254, 255, 0, 255, 0, 127])
  }
}
