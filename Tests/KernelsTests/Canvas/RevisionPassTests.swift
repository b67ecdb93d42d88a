import Kernels
import TestSupport
import Tensors
import Testing
import Threading

/// A frame and its canvas.
struct CanvasCase: Sendable, CustomTestStringConvertible {
  let width: Int
  let height: Int
  let canvasWidth: Int
  let canvasHeight: Int

  var testDescription: String { "\(width)×\(height) on \(canvasWidth)×\(canvasHeight)" }

  static let all = [
    CanvasCase(width: 1, height: 1, canvasWidth: 4, canvasHeight: 4),
    CanvasCase(width: 2, height: 3, canvasWidth: 1, canvasHeight: 1),
    CanvasCase(width: 16, height: 16, canvasWidth: 16, canvasHeight: 16),
    CanvasCase(width: 17, height: 9, canvasWidth: 16, canvasHeight: 8),
    CanvasCase(width: 127, height: 10, canvasWidth: 52, canvasHeight: 4),
    CanvasCase(width: 130, height: 75, canvasWidth: 44, canvasHeight: 28),
    CanvasCase(width: 259, height: 31, canvasWidth: 260, canvasHeight: 32),
    CanvasCase(width: 33, height: 141, canvasWidth: 12, canvasHeight: 48),
    // Each row of the frame lies between canvas rows that are far apart.
    CanvasCase(width: 4, height: 5, canvasWidth: 128, canvasHeight: 160),
  ]

  var film: Shape { Shape(batch: 1, height: height, width: width, channels: 3) }
  var canvas: Shape { Shape(batch: 1, height: canvasHeight, width: canvasWidth, channels: 3) }
  var reduction: CanvasReduction {
    CanvasReduction(width: width, height: height, canvasWidth: canvasWidth, canvasHeight: canvasHeight)
  }
  func pass(channels: Int, mayUseWideVectors: Bool = true) -> RevisionPass {
    RevisionPass(
      width: width, height: height, canvasWidth: canvasWidth, canvasHeight: canvasHeight, channels: channels,
      mayUseWideVectors: mayUseWideVectors)
  }
}

/// The weights and biases of both convolutions.
private struct Weights {
  let tensors: [Tensor]

  init(channels: Int, seed: UInt64) {
    var random = Random(seed: seed)
    let shapes = [[channels, 8, 3, 3], [channels], [12, channels, 3, 3], [12]]
    tensors = shapes.map { random.tensor(Shape($0), in: -0.2...0.2) }
  }

  func packed(_ pass: RevisionPass) -> GuardedBuffer {
    let packed = GuardedBuffer(count: max(1, pass.packedWeightCount))
    guard pass.channels > 0 else { return packed }
    withExtendedLifetime(tensors) {
      pass.packWeights(
        tensors[0].pointer, bias1: tensors[1].pointer, tensors[2].pointer, bias2: tensors[3].pointer,
        into: packed.pointer)
    }
    return packed
  }
}

@Suite struct RevisionPassTests {
  /// Returns the canvas of a frame of floats, its luma and the luma of the frame.
  private func reduced(_ film: Tensor, _ example: CanvasCase, threads: Int = 3) -> (
    canvas: [Float], canvasLuma: [Float], luma: [Float]
  ) {
    let reduction = example.reduction
    let source = GuardedBuffer(film.elements)
    let canvas = GuardedBuffer(count: example.canvas.count)
    let canvasLuma = GuardedBuffer(count: example.canvas.count / 3)
    let luma = GuardedBuffer(count: FrameLuma.count(width: example.width, height: example.height))
    let scratch = GuardedBuffer(count: reduction.scratchCount(threads: threads))
    reduction.forward(
      .floats(source.pointer, stride: 3 * example.width), luma: .floats(luma.pointer), canvas: canvas.pointer,
      canvasLuma: canvasLuma.pointer, scratch: scratch.pointer, pool: ComputePool(threads: threads))
    expectIntact(source, canvas, canvasLuma, luma, scratch)
    return (canvas.elements, canvasLuma.elements, luma.elements)
  }

  /// Returns the picture before rounding.
  private func revised(
    _ pass: RevisionPass, _ example: CanvasCase, film: Tensor, draft: Tensor, weights: GuardedBuffer, threads: Int = 3
  ) -> [Float] {
    let reduced = reduced(film, example)
    let (luma, canvasLuma, source) = (
      GuardedBuffer(reduced.luma), GuardedBuffer(reduced.canvasLuma), GuardedBuffer(draft.elements)
    )
    let output = GuardedBuffer(count: example.film.count)
    let scratch = GuardedBuffer(count: pass.scratchCount(threads: threads), filledWith: 0)
    pass.forward(
      luma: .floats(luma.pointer), canvasLuma: canvasLuma.pointer, draft: source.pointer, weight: weights.pointer,
      picture: PictureOutput(
        .floats(output.pointer, stride: 3 * example.width), width: example.width, height: example.height),
      scratch: scratch.pointer, pool: ComputePool(threads: threads))
    expectIntact(luma, canvasLuma, source, output, scratch, weights)
    return output.elements
  }

  private func expected(_ film: Tensor, _ draft: Tensor, _ weights: Weights, channels: Int) -> ReferenceTensor {
    let draft = Reference.sharpened(ReferenceTensor(draft), height: film.shape.height, width: film.shape.width)
    let enlarged = Reference.enlargement(draft, height: film.shape.height, width: film.shape.width)
    guard channels > 0 else { return enlarged }
    let tensors = weights.tensors.map(ReferenceTensor.init)
    let read = Reference.revisionInput(film: ReferenceTensor(film), draft: draft)
    let hidden = Reference.relu(
      Reference.convolution(mirroredOnce(read), weight: tensors[0], bias: tensors[1], geometry: .init()))
    return Reference.addingBlocks(
      enlarged, Reference.convolution(mirroredOnce(hidden), weight: tensors[2], bias: tensors[3], geometry: .init()))
  }

  /// Extends each side by one row or column, reflected, or repeated if there is only one.
  private func mirroredOnce(_ input: ReferenceTensor) -> ReferenceTensor {
    let shape = input.shape
    var output = ReferenceTensor(
      Shape(batch: 1, height: shape.height + 2, width: shape.width + 2, channels: shape.channels))
    func inside(_ place: Int, _ extent: Int) -> Int {
      guard extent > 1 else { return 0 }
      return place < 0 ? 1 : place < extent ? place : extent - 2
    }
    for y in 0..<shape.height + 2 {
      for x in 0..<shape.width + 2 {
        for channel in 0..<shape.channels {
          output[0, y, x, channel] = input[0, inside(y - 1, shape.height), inside(x - 1, shape.width), channel]
        }
      }
    }
    return output
  }

  @Test("The canvas and both lumas agree with double precision", arguments: CanvasCase.all)
  func reduction(_ example: CanvasCase) {
    var random = Random(seed: 1)
    let film = random.tensor(example.film, in: 0...255)
    let (canvas, canvasLuma, luma) = reduced(film, example)
    let expected = Reference.areaReduction(
      ReferenceTensor(film), height: example.canvasHeight, width: example.canvasWidth)
    expectAgreement(canvas, expected, within: Tolerance.singlePrecision, "canvas")
    expectAgreement(canvasLuma, Reference.luma(expected), within: Tolerance.singlePrecision, "its luma")
    let frameLuma = Reference.luma(ReferenceTensor(film))
    let half = luma.count / example.height / 2
    for y in 0..<example.height {
      for x in 0..<(example.width + 1) / 2 * 2 {
        let value = Double(luma[2 * half * y + x % 2 * half + x / 2])
        #expect(abs(value - frameLuma[0, y, min(x, example.width - 1), 0]) < 255 * Tolerance.singlePrecision)
      }
    }
    let alone = reduced(film, example, threads: 1)
    #expect(alone.canvas == canvas && alone.canvasLuma == canvasLuma)
  }

  @Test("A frame of bytes has the same canvas as its floats, its luma is rounded, and rows may have gaps")
  func reductionOfBytes() {
    for example in CanvasCase.all {
      var random = Random(seed: 2)
      let film = random.wholeNumbers(example.film, in: 0...255)
      let (canvas, canvasLuma, luma) = reduced(film, example)
      let stride = 3 * example.width + 7
      var bytes = [UInt8](repeating: 0, count: stride * example.height)
      for (index, value) in film.elements.enumerated() {
        bytes[index / (3 * example.width) * stride + index % (3 * example.width)] = UInt8(value)
      }
      var byteLuma = [UInt8](repeating: 0, count: luma.count)
      let target = (GuardedBuffer(count: canvas.count), GuardedBuffer(count: canvasLuma.count))
      let scratch = GuardedBuffer(count: example.reduction.scratchCount(threads: pool.threadCount))
      bytes.withUnsafeBufferPointer { source in
        byteLuma.withUnsafeMutableBufferPointer { lumas in
          guard let source = source.baseAddress, let lumas = lumas.baseAddress else { return }
          example.reduction.forward(
            .bytes(source, stride: stride), luma: .bytes(lumas), canvas: target.0.pointer, canvasLuma: target.1.pointer,
            scratch: scratch.pointer, pool: pool)
        }
      }
      expectIntact(target.0, target.1, scratch)
      #expect(target.0.elements == canvas && target.1.elements == canvasLuma)
      let half = luma.count / example.height / 2
      for row in 0..<2 * example.height {
        for column in row * half..<row * half + (example.width + 1) / 2 {
          #expect(Float(byteLuma[column]) == luma[column].rounded(.toNearestOrEven))
        }
      }
    }
  }

  @Test("A revision agrees with double precision", arguments: CanvasCase.all, [0, 4, 6, 8, 13])
  func revision(_ example: CanvasCase, channels: Int) {
    var random = Random(seed: 3)
    let film = random.tensor(example.film, in: 0...255)
    let draft = random.tensor(example.canvas, in: 0...255)
    let weights = Weights(channels: channels, seed: 4)
    let pass = example.pass(channels: channels)
    let expected = expected(film, draft, weights, channels: channels)
    let output = revised(pass, example, film: film, draft: draft, weights: weights.packed(pass))
    expectAgreement(output, expected, within: Tolerance.singlePrecision, "picture")
    // Vectors of eight and other bands give bit-identical results.
    let narrow = example.pass(channels: channels, mayUseWideVectors: false)
    #expect(revised(narrow, example, film: film, draft: draft, weights: weights.packed(narrow)) == output)
    #expect(revised(pass, example, film: film, draft: draft, weights: weights.packed(pass), threads: 1) == output)
  }

  @Test("Bytes are the rounded floats, and gaps between rows are not changed", arguments: CanvasCase.all, [0, 8])
  func bytes(_ example: CanvasCase, channels: Int) {
    var random = Random(seed: 5)
    // Grey pixels have integer luma: bytes and floats of it are the same.
    let grey = random.wholeNumbers(Shape([example.width * example.height]), in: 0...255).elements
    let film = Tensor(example.film, elements: grey.flatMap { [$0, $0, $0] })
    let draft = random.tensor(example.canvas, in: -20...275)
    let weights = Weights(channels: channels, seed: 6)
    let pass = example.pass(channels: channels)
    let packed = weights.packed(pass)
    let floats = revised(pass, example, film: film, draft: draft, weights: packed)
    let reduced = reduced(film, example)
    var luma = reduced.luma.map { $0.isFinite ? UInt8($0.rounded()) : 0 }
    let stride = 3 * example.width + 3
    var output = [UInt8](repeating: 9, count: stride * example.height)
    let (canvasLuma, source) = (GuardedBuffer(reduced.canvasLuma), GuardedBuffer(draft.elements))
    let scratch = GuardedBuffer(count: pass.scratchCount(threads: pool.threadCount), filledWith: 0)
    luma.withUnsafeMutableBufferPointer { luma in
      output.withUnsafeMutableBufferPointer { output in
        guard let luma = luma.baseAddress, let output = output.baseAddress else { return }
        pass.forward(
          luma: .bytes(luma), canvasLuma: canvasLuma.pointer, draft: source.pointer, weight: packed.pointer,
          picture: PictureOutput(.bytes(output, stride: stride), width: example.width, height: example.height),
          scratch: scratch.pointer, pool: pool)
      }
    }
    expectIntact(canvasLuma, source, scratch, packed)
    for row in 0..<example.height {
      for column in 0..<stride {
        let byte = output[row * stride + column]
        guard column < 3 * example.width else {
          #expect(byte == 9)
          continue
        }
        // Luma in single precision is an integer up to rounding, which may move a value across a half.
        let value = min(max(floats[row * 3 * example.width + column], 0), 255)
        #expect(abs(Float(byte) - value) <= 0.501)
      }
    }
  }
}
