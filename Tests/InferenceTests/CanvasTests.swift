import Autograd
import Inference
import Networks
import Tensors
import TestSupport
import Testing
import Threading
import Training

private let pool = ComputePool(threads: 2)

/// Small drafts that read the picture in several ways, on a canvas that is smaller than most frames here.
private let descriptions = [
  "dense:tail=upsample,channels=8-16-16,detail=0,blocks=1,norm=instance,canvas=64,revision=6",
  "dense:head=strided,tail=shuffle2,channels=5-8-12,blocks=1,norm=instance,canvas=68,revision=8",
  "phone:blocks=1,norm=instance,kernel=5,canvas=64,revision=0",
]

/// Canvas smaller than the frame, equal, rounded up and down; odd sizes, a pixel, a line, very wide, portrait.
private let sizes = [
  PictureSize(width: 1, height: 1), PictureSize(width: 2, height: 1), PictureSize(width: 3, height: 5),
  PictureSize(width: 16, height: 16), PictureSize(width: 18, height: 21), PictureSize(width: 64, height: 64),
  PictureSize(width: 131, height: 75), PictureSize(width: 90, height: 161), PictureSize(width: 700, height: 66),
  PictureSize(width: 4001, height: 1), PictureSize(width: 270, height: 202),
]

@Suite struct CanvasTests {
  @Test("The engine agrees with the trainer's executor at any frame size", arguments: sizes, descriptions)
  func agreesWithTape(size: PictureSize, description: String) throws {
    let model = randomModel(try .named(description))
    let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
    let picture = size.picture()
    let executor = NetworkExecutor(definition: model.definition, parameters: model.parameters, trainable: false)
    let expected = executor(Variable(picture), on: Tape(pool: pool, allocator: TensorAllocator()))
    // A draft in single precision, by Winograd's transforms. If a norm sees only a few pixels, it divides by their
    // random deviation, which amplifies rounding.
    let tolerance = size.width * size.height < 16 ? 2e-3 : 2e-4
    for frame in 1...2 {
      let discrepancy = Discrepancy(try engine.run(picture), expected: expected.value)
      #expect(discrepancy.relative < tolerance, "frame \(frame) of \(size): \(discrepancy)")
    }
  }

  @Test(
    "The named networks for video agree with the trainer's executor on frames larger than their canvas",
    arguments: NetworkDefinition.names.filter { (try? NetworkDefinition.named($0).canvasLines) != nil })
  func namedNetworks(name: String) throws {
    let model = randomModel(try .named(name))
    let size = PictureSize(width: 451, height: 347)
    #expect(try #require(model.definition.canvasLines) < size.height)
    let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
    let executor = NetworkExecutor(definition: model.definition, parameters: model.parameters, trainable: false)
    let expected = executor(Variable(size.picture()), on: Tape(pool: pool, allocator: TensorAllocator()))
    // A draft in single precision, by Winograd's transforms.
    let discrepancy = Discrepancy(try engine.run(size.picture()), expected: expected.value)
    #expect(discrepancy.relative < 2e-4, "\(discrepancy)")
  }

  @Test("The engine agrees with a node-by-node computation in double precision", arguments: descriptions)
  func agreesWithReference(description: String) throws {
    let model = randomModel(try .named(description))
    for size in [PictureSize(width: 131, height: 75), PictureSize(width: 19, height: 14)] {
      let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
      let expected = try referenceOutput(of: model, input: size.picture())
      let discrepancy = Discrepancy(try engine.run(size.picture()), expected: expected)
      #expect(discrepancy.relative < 2e-4, "\(size): \(discrepancy)")
    }
  }

  @Test(
    "Bytes are within 1 of double precision, also in place and with gaps between rows",
    arguments: [
      PictureSize(width: 131, height: 75), PictureSize(width: 34, height: 97), PictureSize(width: 1, height: 3),
    ])
  func bytes(size: PictureSize) throws {
    let random = randomModel(try .named(descriptions[0]))
    // Smaller residuals: those of random weights would saturate most values.
    var parameters = random.parameters
    for (name, tensor) in parameters where name.hasPrefix("revision.conv2") {
      parameters[name] = Tensor(tensor.shape, elements: tensor.elements.map { 0.3 * $0 })
    }
    let model = StyleModel(definition: random.definition, parameters: parameters, style: "random")
    let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
    let expected = try referenceOutput(of: model, input: size.picture(), luma: roundedLuma(size.picture())).elements
      .map { max(0, min(255, $0)).rounded() }
    let source = size.bytes()
    let stride = 3 * size.width + 5
    for _ in 1...2 {
      var frame = [UInt8](repeating: 7, count: stride * size.height)
      for row in 0..<size.height {
        for index in 0..<3 * size.width { frame[row * stride + index] = source[row * 3 * size.width + index] }
      }
      try frame.withUnsafeMutableBufferPointer { buffer in
        let base = try #require(buffer.baseAddress)
        try engine.stylize(UnsafePointer(base), sourceStride: stride, into: base, destinationStride: stride)
      }
      var differences: [Double] = []
      for row in 0..<size.height {
        for index in 0..<3 * size.width {
          differences.append(abs(Double(frame[row * stride + index]) - expected[row * 3 * size.width + index]))
        }
        #expect(frame[row * stride + 3 * size.width..<(row + 1) * stride].allSatisfy { $0 == 7 })
      }
      #expect(differences.allSatisfy { $0 <= 1 })
      // Values close to a half, of the picture or of its luma.
      #expect(differences.filter { $0 > 0 }.count * 50 <= differences.count)
    }
  }

  @Test("Results are bit-identical for any number of threads", arguments: descriptions)
  func threads(description: String) throws {
    let model = try PreparedModel(randomModel(try .named(description)))
    let size = PictureSize(width: 171, height: 203)
    let engines = try [1, 2, 3].map {
      try StyleEngine(model: model, width: size.width, height: size.height, pool: ComputePool(threads: $0))
    }
    let floats = try engines.map { try $0.run(size.picture()).elements }
    #expect(floats[1] == floats[0] && floats[2] == floats[0])
    let bytes = try engines.map { engine in
      var bytes = size.bytes()
      try bytes.withUnsafeMutableBufferPointer { buffer in
        let base = try #require(buffer.baseAddress)
        try engine.stylize(
          UnsafePointer(base), sourceStride: 3 * size.width, into: base, destinationStride: 3 * size.width)
      }
      return bytes
    }
    #expect(bytes[1] == bytes[0] && bytes[2] == bytes[0])
  }

  @Test("A result does not depend on the previous picture, for floats and bytes")
  func reuse() throws {
    let size = PictureSize(width: 150, height: 101)
    let engine = try StyleEngine(
      model: randomModel(.named(descriptions[0])), width: size.width, height: size.height, pool: pool)
    let first = try engine.run(size.picture(seed: 1)).elements
    #expect(try engine.run(size.picture(seed: 2)).elements != first)
    var bytes = size.bytes()
    try bytes.withUnsafeMutableBufferPointer { buffer in
      let base = try #require(buffer.baseAddress)
      try engine.stylize(
        UnsafePointer(base), sourceStride: 3 * size.width, into: base, destinationStride: 3 * size.width)
    }
    // NaN everywhere must not remain in the rings of rows.
    let broken = size.picture(seed: 3)
    broken.pointer[3 * 70 * size.width] = .nan
    _ = try engine.run(broken)
    #expect(try engine.run(size.picture(seed: 1)).elements == first)
  }

  @Test("Other lines are equivalent to a network with another canvas, and are ignored without a canvas")
  func otherLines() throws {
    let size = PictureSize(width: 250, height: 150)
    let model = randomModel(try .named(descriptions[0]))
    let other = StyleModel(
      definition: try model.definition.withCanvas(lines: 100), parameters: model.parameters, style: "other")
    func engine(_ model: StyleModel, _ lines: Int?) throws -> StyleEngine {
      try StyleEngine(
        model: PreparedModel(model), width: size.width, height: size.height, pool: pool, canvasLines: lines)
    }
    let expected = try engine(other, nil).run(size.picture()).elements
    #expect(try engine(model, 100).run(size.picture()).elements == expected)
    #expect(try engine(model, 64).run(size.picture()).elements == (try engine(model, nil).run(size.picture()).elements))
    for lines in [63, 1025, 0, -5, Int.max, Int.min] {
      #expect(throws: InferenceError.unsupportedCanvas(lines: lines)) { try engine(model, lines) }
    }
    #expect(InferenceError.unsupportedCanvas(lines: 63).description.contains("64 to 1024"))
    let plain = randomModel(try .named("dense:blocks=1"))
    #expect(
      try engine(plain, 100).run(size.picture()).elements == (try engine(plain, nil).run(size.picture()).elements))
    #expect(throws: Never.self) { try engine(plain, 5) }
  }

  @Test("Memory grows only with the luma of the frame")
  func memory() throws {
    let model = try PreparedModel(randomModel(try .named(descriptions[0].replacing("canvas=64", with: "canvas=256"))))
    func bytes(_ width: Int, _ height: Int) throws -> Int {
      try StyleEngine(model: model, width: width, height: height, pool: pool).memoryByteCount
    }
    let (small, large) = (try bytes(1280, 720), try bytes(3840, 2160))
    // A float for each pixel, of which bytes use a quarter, and for each thread rings of about fifty rows of the
    // frame's width.
    let luma = 4 * (3840 * 2160 - 1280 * 720)
    #expect((luma..<luma + 2 * 60 * 3840 * 4).contains(large - small))
    #expect(try bytes(1920, 1080) < 40 << 20)
  }

  @Test("A canvas adds a pass before, a revision one after, and the draft keeps its passes")
  func steps() throws {
    func names(_ description: String) throws -> [String] {
      try StyleEngine(model: randomModel(try .named(description)), width: 256, height: 128, pool: pool)
        .profile(PictureSize(width: 256, height: 128).picture()).map(\.name)
    }
    let drafted = try names("dense:blocks=1,canvas=64")
    #expect(drafted.count == (try names("dense:blocks=1")).count + 2)
    #expect(drafted.first == "canvas [64, 128, 3]" && drafted.last == "revision [128, 256, 3]")
  }

  private static let convolution = Networks.Operation.convolution(
    inputChannels: 3, outputChannels: 3, kernel: 3, stride: 1, padding: .reflect)

  @Test(
    "Misplaced or out-of-range canvases and revisions are rejected",
    arguments: [
      ("no revision", [(.canvas(lines: 64), [0]), (convolution, [1])]),
      ("no canvas", [(convolution, [0]), (.revision(channels: 8), [0, 1])]),
      ("not on the input", [(convolution, [0]), (.canvas(lines: 64), [1]), (.revision(channels: 8), [0, 2])]),
      ("two", [(.canvas(lines: 64), [0]), (.canvas(lines: 64), [1]), (.revision(channels: 8), [0, 2])]),
      ("input read beside it", [(.canvas(lines: 64), [0]), (.add, [0, 1]), (.revision(channels: 8), [0, 2])]),
      ("revision in the middle", [(.canvas(lines: 64), [0]), (.revision(channels: 8), [0, 1]), (convolution, [2])]),
      ("revision of the canvas", [(.canvas(lines: 64), [0]), (convolution, [1]), (.revision(channels: 8), [1, 2])]),
      (
        "draft and frame exchanged", [(.canvas(lines: 64), [0]), (convolution, [1]), (.revision(channels: 8), [2, 0])]
      ),
      ("revision of the frame", [(.canvas(lines: 64), [0]), (convolution, [1]), (.revision(channels: 8), [0, 0])]),
      ("one operand", [(.canvas(lines: 64), [0]), (.revision(channels: 8), [1])]),
      ("few lines", [(.canvas(lines: 63), [0]), (convolution, [1]), (.revision(channels: 0), [0, 2])]),
      ("absurd lines", [(.canvas(lines: .min), [0]), (convolution, [1]), (.revision(channels: 0), [0, 2])]),
      ("many lines", [(.canvas(lines: .max), [0]), (convolution, [1]), (.revision(channels: 0), [0, 2])]),
      ("few channels", [(.canvas(lines: 64), [0]), (convolution, [1]), (.revision(channels: 3), [0, 2])]),
      (
        "draft of another size",
        [
          (.canvas(lines: 64), [0]), (.upsampleNearest, [1]), (convolution, [2]), (.revision(channels: 0), [0, 3]),
        ]
      ),
    ] as [(String, [(Networks.Operation, [Int])])])
  func malformed(name: String, nodes: [(Networks.Operation, [Int])]) throws {
    let definition = NetworkDefinition(
      name: name,
      nodes: [Node(operation: .input, inputs: [])]
        + nodes.enumerated().map { Node(name: "n\($0.offset)", operation: $0.element.0, inputs: $0.element.1) })
    let error = try #require(throws: ModelError.self) {
      try StyleEngine(model: randomModel(definition), width: 40, height: 30, pool: pool)
    }
    guard case .malformedNetwork(name, _, _) = error else {
      Issue.record("unexpected error: \(error)")
      return
    }
  }

  @Test("The output may be the enlarged canvas itself")
  func canvasAlone() throws {
    let definition = NetworkDefinition(
      name: "canvas",
      nodes: [
        Node(operation: .input, inputs: []), Node(operation: .canvas(lines: 64), inputs: [0]),
        Node(name: "r", operation: .revision(channels: 0), inputs: [0, 1]),
      ])
    let model = randomModel(definition)
    let size = PictureSize(width: 201, height: 130)
    let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
    let discrepancy = Discrepancy(
      try engine.run(size.picture()), expected: try referenceOutput(of: model, input: size.picture()))
    // Means and interpolations of a few values.
    #expect(discrepancy.relative < 2e-6, "\(discrepancy)")
  }
}
