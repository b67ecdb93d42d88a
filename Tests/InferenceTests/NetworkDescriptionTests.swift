import Foundation
import Inference
import Networks
import Tensors
import TestSupport
import Testing
import Threading

private let pool = ComputePool(threads: 2)

/// Every head, tail and norm, dense and separable, and further choices; small, so that double precision is fast.
private let descriptions: [String] =
  NetworkDescription.presetNames
  + NetworkDescription.Head.allCases.flatMap { head in
    NetworkDescription.Tail.allCases.flatMap { tail in
      NetworkDescription.Norm.allCases.map { norm in
        "dense:head=\(head.rawValue),tail=\(tail.rawValue),norm=\(norm.rawValue),blocks=1,channels=5-8-12,"
          + "detail=\(tail == .upsample && head != .full ? 0 : 4)"
      }
    }
  }
  + NetworkDescription.Norm.allCases.flatMap { norm in
    [
      "separable:norm=\(norm.rawValue),blocks=2,channels=8-12-16",
      "dense:block=separable,norm=\(norm.rawValue),blocks=2",
      "phone:stages=separable,norm=\(norm.rawValue),blocks=1,detail=6",
      "dense:head=strided,tail=upsample,kernel=9,channels=8-8-8-16,norm=\(norm.rawValue),blocks=1",
      "phone:kernel=5,norm=\(norm.rawValue),blocks=1",
      "dense:head=strided,tail=upsample,norm=\(norm.rawValue),blocks=1,channels=5-8-12,detail=4",
      "dense:tail=upsample,stages=separable,norm=\(norm.rawValue),blocks=1,detail=0",
    ]
  }
  + [
    "phone:norm=batch,blocknorm=instance,blocks=2", "phone:kernel=9,blocks=1",
    "dense:norm=instance,blocknorm=none,blocks=2",
  ]

/// Returns the model with its last convolution scaled so that `picture` spans the range of bytes, which random batch
/// norms would reduce.
private func spread(_ model: StyleModel, on picture: Tensor) throws -> StyleModel {
  let values = try referenceOutput(of: model, input: picture).elements.map { atanh(($0 - 127.5) / 150) }
  let weight = try #require(model.parameters["output.weight"])
  let bias = try #require(model.parameters["output.bias"])
  var (weights, biases) = (weight.elements, bias.elements)
  for output in biases.indices {
    let colour = output * 3 / biases.count
    let own = stride(from: colour, to: values.count, by: 3).map { values[$0] }
    let mean = own.reduce(0, +) / Double(own.count)
    let deviation = (own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(own.count)).squareRoot()
    biases[output] = Float((Double(biases[output]) - mean) * 0.5 / deviation)
    let taps = weights.count / biases.count
    for index in output * taps..<(output + 1) * taps { weights[index] *= Float(0.5 / deviation) }
  }
  var parameters = model.parameters
  parameters["output.weight"] = Tensor(weight.shape, elements: weights)
  parameters["output.bias"] = Tensor(bias.shape, elements: biases)
  return StyleModel(definition: model.definition, parameters: parameters, style: "random")
}

/// Single precision through a dozen layers, some by Winograd's transforms, whose error is 1e-5 of a layer's range.
private let tolerance = 2e-4

@Suite struct NetworkDescriptionTests {
  @Test("Every network agrees with a node-by-node computation", arguments: descriptions)
  func agreesWithReference(_ description: String) throws {
    let model = randomModel(try .named(description))
    for size in [PictureSize(width: 33, height: 22), PictureSize(width: 40, height: 24)] {
      let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
      let picture = size.picture()
      let expected = cropped(
        try referenceOutput(of: model, input: extended(picture, toMultipleOf: model.definition.sizeMultiple)),
        height: size.height, width: size.width)
      for frame in 1...2 {
        let discrepancy = Discrepancy(try engine.run(picture), expected: expected)
        #expect(discrepancy.relative < tolerance, "frame \(frame) of \(size): \(discrepancy)")
      }
    }
  }

  @Test("Bytes are within 1 of double precision", arguments: NetworkDescription.presetNames, ["batch", "instance"])
  func bytes(preset: String, norm: String) throws {
    let size = PictureSize(width: 61, height: 46)
    let random = randomModel(try .named("\(preset):norm=\(norm)"))
    let model = try spread(random, on: extended(size.picture(), toMultipleOf: random.definition.sizeMultiple))
    let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
    let expected = cropped(
      try referenceOutput(of: model, input: extended(size.picture(), toMultipleOf: model.definition.sizeMultiple)),
      height: size.height, width: size.width
    ).elements.map { max(0, min(255, $0)).rounded() }
    var bytes = size.bytes()
    try bytes.withUnsafeMutableBufferPointer { buffer in
      let base = try #require(buffer.baseAddress)
      try engine.stylize(
        UnsafePointer(base), sourceStride: 3 * size.width, into: base, destinationStride: 3 * size.width)
    }
    let differences = zip(bytes, expected).map { abs(Double($0) - $1) }
    #expect(differences.allSatisfy { $0 <= 1 })
    #expect(differences.filter { $0 > 0 }.count * 50 < differences.count)
    #expect(Set(bytes).count > 20, "a flat picture would not be a test")
  }

  @Test("Results do not depend on the number of threads", arguments: NetworkDescription.presetNames)
  func threads(preset: String) throws {
    let model = try PreparedModel(randomModel(try .named("\(preset):norm=instance,blocks=2")))
    let size = PictureSize(width: 75, height: 52)
    let results = try [1, 2, 3].map { threads in
      try StyleEngine(model: model, width: size.width, height: size.height, pool: ComputePool(threads: threads))
        .run(size.picture()).elements
    }
    #expect(results[1] == results[0] && results[2] == results[0])
  }

  @Test("Batch norm, affine map, shuffling and depthwise convolutions are fused into other passes")
  func fusion() throws {
    func steps(_ description: String) throws -> [String] {
      try StyleEngine(model: randomModel(try .named(description)), width: 48, height: 32, pool: pool)
        .profile(PictureSize(width: 48, height: 32).picture()).map(\.name)
    }
    // Unpacking, head, two convolutions, output and packing.
    #expect(try steps("dense:blocks=1").count == 6)
    // Head, down, two convolutions, two upsampling stages and output.
    #expect(try steps("dense:head=strided,tail=upsample,blocks=1").count == 7)
    // Head, down, two convolutions; 1×1 and depthwise for each upsampling stage; output.
    #expect(try steps("separable:blocks=1").count == 9)
    #expect(try steps("phone:blocks=1").count == 8)
    // The same and a norm after all but the output.
    #expect(try steps("phone:blocks=1,norm=instance").count == 15)
  }
}
