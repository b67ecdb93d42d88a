import Kernels
import TestSupport
import Tensors
import Testing
import Threading

@Suite struct PicturePassTests {
  /// A picture for an activation of `height` × `width`, `factor` times as large before.
  struct Case: Sendable, CustomTestStringConvertible {
    let factor: Int
    let height: Int
    let width: Int
    /// The rows and columns that the picture lacks.
    let missing: (height: Int, width: Int)

    var testDescription: String { "\(width)×\(height) by \(factor), less \(missing.width)×\(missing.height)" }
    var pictureHeight: Int { max(1, height * factor - missing.height) }
    var pictureWidth: Int { max(1, width * factor - missing.width) }
    var stored: Int { ActivationLayout.storedChannels(3 * factor * factor) }

    /// One pixel, odd numbers of blocks, and more than one strip of 64 pixels with a remainder.
    static let all: [Case] = [1, 2, 3, 4].flatMap { factor in
      [(1, 1), (2, 3), (5, 4), (3, 7), (2, 131)].enumerated().flatMap { index, size in
        [(0, 0), (index % 4, (index + 2) % 4), (3, 1)].map {
          Case(factor: factor, height: size.0, width: size.1, missing: (height: $0.0, width: $0.1))
        }
      }
    }
  }

  @Test("A picture becomes an activation, with the affine map applied and blocks as channels", arguments: Case.all)
  func unpack(_ example: Case) {
    var random = Random(seed: 43)
    let (factor, pixels) = (example.factor, example.height * example.width)
    let (fullWidth, fullHeight) = (example.width * factor, example.height * factor)
    let picture = StridedPicture(width: example.pictureWidth, height: example.pictureHeight, random: &random)
    let geometry = ConvolutionGeometry(
      batch: 1, height: fullHeight, width: fullWidth, inputChannels: 3, outputChannels: 3, kernel: 1, padding: 0,
      paddingMode: .zeros)
    let map = PictureMap(geometry, width: example.pictureWidth, height: example.pictureHeight)
    let affine = PictureAffine(scale: 1 / 127.5, offset: -1)
    let results = pools.map { pool in
      picture.withInputs { input in
        let scratch = GuardedBuffer(
          count: PicturePass.scratchCount(factor: factor, threads: pool.threadCount), filledWith: 0)
        defer { expectIntact(scratch) }
        return withOutput(pixels: pixels, channels: example.stored) {
          PicturePass.unpack(
            input, map: map, affine: affine, factor: factor, height: example.height, width: example.width,
            output: $0.values, scratch: scratch.pointer, pool: pool)
        }.output
      }
    }
    let deep = Reference.pixelUnshuffle(picture.extended(width: fullWidth, height: fullHeight), factor: factor)
    let channels = 3 * factor * factor
    var expected = [Double](repeating: 0, count: pixels * example.stored)
    for (index, value) in deep.elements.enumerated() {
      expected[index / channels * example.stored + index % channels] = value / 127.5 - 1
    }
    // One multiply-add with a rounded scale.
    #expect(zip(results[0].bytes, expected).allSatisfy { abs(Double($0) - $1) <= 2e-7 })
    #expect(results.allSatisfy { $0.bytes == results[0].bytes && $0.floats == results[0].bytes })
    for pixel in 0..<pixels where channels < example.stored {
      #expect(results[0].bytes[pixel * example.stored + channels..<(pixel + 1) * example.stored].allSatisfy { $0 == 0 })
    }
  }

  @Test("Channels become a picture: blocks of pixels, scaled, cropped and rounded", arguments: Case.all)
  func pack(_ example: Case) {
    for (index, prologue) in Prologue.all.enumerated() {
      var random = Random(seed: 44)
      let (factor, channels) = (example.factor, 3 * example.factor * example.factor)
      // More channels than the picture uses must not change anything.
      let stored = example.stored + (index % 2) * 8
      let shape = Shape(batch: 1, height: example.height, width: example.width, channels: stored)
      let input = LazyInput(shape, prologue, random: &random)
      let reference = input.reference
      var deep = ReferenceTensor(
        Shape(batch: 1, height: example.height, width: example.width, channels: channels))
      for index in deep.elements.indices {
        deep.elements[index] = reference.elements[index / channels * stored + index % channels]
      }
      let whole = topLeft(
        Reference.pixelShuffle(deep, factor: factor), height: example.pictureHeight, width: example.pictureWidth)
      for scaling in [(120, 90), nil] as [(Float, Float)?] {
        var expected = whole
        if let scaling {
          expected = Reference.scaledTanh(expected, scale: Double(scaling.0), offset: Double(scaling.1))
        }
        let results = pools.map { pool in
          writtenPicture(width: example.pictureWidth, height: example.pictureHeight) { picture in
            var picture = picture
            picture.scaling = PictureScaling(tanh: scaling.map { (scale: $0.0, offset: $0.1) })
            input.withActivationInput {
              PicturePass.pack(
                $0, height: example.height, width: example.width, factor: factor, picture: picture, pool: pool)
            }
          }
        }
        expectAgreement(results[0].floats, expected, within: 1e-6, "floats")
        #expect(results.allSatisfy { $0.bytes == nearestBytes(results[0].floats) && $0 == results[0] })
      }
    }
  }

  @Test("NaN becomes the byte 0, infinity is clamped, and ties go to the even byte")
  func bytes() {
    let values: [Float] = [.nan, .infinity, -.infinity, 0.5, 1.5, 2.5, 254.5, 255.5, -0.5, 1e30, -1e30, 127.49]
    let activation = GuardedBuffer(count: 4 * 8)
    for (index, value) in values.enumerated() { activation.pointer[index / 3 * 8 + index % 3] = value }
    let written = writtenPicture(width: 4, height: 1) {
      PicturePass.pack(
        ActivationInput(activation.pointer), height: 1, width: 4, picture: $0, pool: pool)
    }
    expectIntact(activation)
    #expect(written.bytes == [0, 255, 0, 0, 2, 2, 254, 255, 0, 255, 0, 127])
  }
}
