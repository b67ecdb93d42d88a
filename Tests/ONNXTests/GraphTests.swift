import Networks
import ONNX
import TestSupport
import Tensors
import Testing

@Suite struct GraphTests {
  /// Two layers in single precision, whose Winograd transforms make 1e-5 of a layer's range.
  private let layerTolerance = 1e-4

  /// `y[s·h + i − p] += W[i]·x[h]`, from the definition: `[1, H, W, I]` to `[1, s·H, s·W, O]`.
  private func transposed(
    _ input: ReferenceTensor, _ weight: [Float], kernel: Int, outputs: Int, stride: Int, pad: Int
  ) -> ReferenceTensor {
    let shape = input.shape
    var output = ReferenceTensor(
      Shape(batch: 1, height: stride * shape.height, width: stride * shape.width, channels: outputs))
    for y in 0..<shape.height {
      for x in 0..<shape.width {
        for row in 0..<kernel {
          for column in 0..<kernel {
            let (targetY, targetX) = (stride * y + row - pad, stride * x + column - pad)
            guard (0..<output.shape.height).contains(targetY), (0..<output.shape.width).contains(targetX) else {
              continue
            }
            for channel in 0..<shape.channels {
              for result in 0..<outputs {
                let tap = Double(weight[((channel * outputs + result) * kernel + row) * kernel + column])
                output[0, targetY, targetX, result] += tap * input[0, y, x, channel]
              }
            }
          }
        }
      }
    }
    return output
  }

  @Test(
    "A transposed convolution is that of the definition",
    arguments: [(3, 2, 1, 1), (4, 2, 1, 0), (2, 2, 0, 0), (5, 2, 2, 1), (4, 4, 0, 0), (3, 1, 1, 0)], [false, true])
  func transposedConvolution(
    example: (kernel: Int, stride: Int, pad: Int, more: Int), isCutBySlices: Bool
  ) throws {
    let (kernel, stride, pad, more) = example
    var file = ForeignFile()
    var shrink = [Float](repeating: 0, count: 9)
    // A convolution that takes every pixel of its stride, colour by colour.
    for colour in 0..<3 { shrink[colour * 3 + colour] = 1 }
    file.floats("shrink", [3, 3, 1, 1], shrink)
    let weight = file.random("weight", [3, 3, kernel, kernel])
    file.node("Conv", ["x", "shrink"], "a", ["strides": .integers([stride, stride])])
    if isCutBySlices {
      // As TensorFlow's exporter writes it: all that the kernel reaches, then a cut of each axis.
      file.node("ConvTranspose", ["a", "weight"], "b", ["strides": .integers([stride, stride])])
      file.integers("start", [pad])
      let behind = kernel - stride - pad
      file.integers("end", [behind == 0 ? Int(Int32.max) : -behind])
      for (input, output, axis) in [("b", "c", 2), ("c", "y", 3)] {
        file.integers("axis\(axis)", [axis])
        file.node("Slice", [input, "start", "end", "axis\(axis)"], output)
      }
    } else {
      file.node(
        "ConvTranspose", ["a", "weight"], "y",
        [
          "strides": .integers([stride, stride]), "pads": .integers([pad, pad, pad, pad]),
          "output_padding": .integers([more, more]),
        ])
    }
    let source = picture(width: 8 * stride, height: 5 * stride)
    var small = ReferenceTensor(Shape(batch: 1, height: 5, width: 8, channels: 3))
    for y in 0..<5 {
      for x in 0..<8 {
        for colour in 0..<3 {
          small[0, y, x, colour] = Double(source.pointer[(y * stride * 8 * stride + x * stride) * 3 + colour])
        }
      }
    }
    let expected = transposed(small, weight, kernel: kernel, outputs: 3, stride: stride, pad: pad)
    let discrepancy = Discrepancy(try painted(try file.read().model, source), expected: expected)
    #expect(discrepancy.relative <= layerTolerance, "\(discrepancy)")
  }

  @Test("Ranges and colours: BGR from 0 to 1 paints what RGB from 0 to 255 does")
  func rangesAndColours() throws {
    var file = ForeignFile()
    _ = file.random("weight", [3, 3, 3, 3])
    file.node("Conv", ["x", "weight"], "a", ["pads": .integers([1, 1, 1, 1])])
    file.node("Sigmoid", ["a"], "y")
    var options = ONNXImport.Options()
    options.colours = .bgr
    let result = try file.read(options)
    #expect(result.inputRange == .unit && result.outputRange == .unit)
    let source = picture(width: 20, height: 12)
    let swapped = Tensor(
      source.shape, elements: source.elements.indices.map { source.pointer[$0 / 3 * 3 + 2 - $0 % 3] })
    let plain = try painted(try file.read().model, swapped)
    let computed = try painted(result.model, source)
    let expected = plain.elements.indices.map { Double(plain.pointer[$0 / 3 * 3 + 2 - $0 % 3]) }
    #expect(Discrepancy(computed.elements, expected: expected).relative <= layerTolerance)
    // Nothing is left of scales and permutations but a convolution and a tanh.
    #expect(result.model.definition.nodes.count == 4)
  }

  @Test("Channels in another order are those of the definition, and fold into the convolutions around them")
  func channels() throws {
    func file(_ swap: (inout ForeignFile, _ input: String, _ output: String) -> Void) throws -> StyleModel {
      var file = ForeignFile()
      _ = file.random("weight", [3, 3, 3, 3])
      swap(&file, "x", "a")
      file.node("Conv", ["a", "weight"], "y", ["pads": .integers([1, 1, 1, 1])])
      return try file.read().model
    }
    let swaps: [(inout ForeignFile, String, String) -> Void] = [
      { file, input, output in
        file.integers("order", [2, 1, 0])
        file.node("Gather", [input, "order"], output, ["axis": .integer(1)])
      },
      { file, input, output in
        for (name, value) in [("first", -1), ("last", Int(Int32.min)), ("axis", 1), ("step", -1)] {
          file.integers(name, [value])
        }
        file.node("Slice", [input, "first", "last", "axis", "step"], output)
      },
      { file, input, output in
        file.node("Split", [input], "red", ["axis": .integer(1)], more: ["green", "blue"])
        file.node("Concat", ["blue", "green", "red"], output, ["axis": .integer(1)])
      },
    ]
    let source = picture(width: 20, height: 12)
    let swapped = Tensor(
      source.shape, elements: source.elements.indices.map { source.pointer[$0 / 3 * 3 + 2 - $0 % 3] })
    let expected = try painted(try file { $0.node("Identity", [$1], $2) }, swapped)
    for (index, swap) in swaps.enumerated() {
      let model = try file(swap)
      let discrepancy = Discrepancy(try painted(model, source), expected: expected)
      #expect(discrepancy.relative <= layerTolerance, "\(index): \(discrepancy)")
      if index < 2 { #expect(model.definition.nodes.count == 2, "\(model.definition.nodes)") }
    }
  }

  @Test("The last operators tell the range of the picture")
  func ranges() throws {
    func range(_ build: (inout ForeignFile) -> Void) throws -> ONNXImport.PictureRange {
      var file = ForeignFile()
      for value: Float in [0, 0.5, 1, 127.5, 255] { file.floats("\(value)", [], [value]) }
      build(&file)
      return try file.read().outputRange
    }
    #expect(try range { $0.node("Tanh", ["x"], "y") } == .signed)
    #expect(try range { $0.node("HardSigmoid", ["x"], "y") } == .unit)
    let half = try range {
      $0.node("Tanh", ["x"], "a")
      $0.node("Mul", ["a", "0.5"], "b")
      $0.node("Add", ["0.5", "b"], "y")
    }
    #expect(half == .unit)
    let bytes = try range {
      $0.node("Tanh", ["x"], "a")
      $0.node("Add", ["a", "1.0"], "b")
      $0.node("Mul", ["b", "127.5"], "y")
    }
    #expect(bytes == .bytes)
    for (name, expected) in [("1.0", ONNXImport.PictureRange.unit), ("255.0", .bytes)] {
      let found = try range {
        $0.node("Max", ["x", "0.0"], "a")
        $0.node("Min", [name, "a"], "y")
      }
      #expect(found == expected)
    }
  }

  @Test("Means and deviations of the picture's colours fold into the first convolution")
  func normalizedInput() throws {
    var file = ForeignFile()
    _ = file.random("weight", [3, 3, 3, 3])
    file.floats("mean", [1, 3, 1, 1], [0.485, 0.456, 0.406])
    file.floats("deviation", [1, 3, 1, 1], [0.229, 0.224, 0.225])
    file.integers("pads", [0, 0, 1, 1, 0, 0, 1, 1])
    file.node("Sub", ["x", "mean"], "a")
    file.node("Div", ["a", "deviation"], "b")
    file.node("Pad", ["b", "pads"], "c", ["mode": .text("reflect")])
    file.node("Conv", ["c", "weight"], "y")
    let model = try file.read().model
    #expect(model.definition.nodes.map(\.operation.isInputOrConvolution) == [true, true])
  }

  @Test("A second input gets its numbers, and missing ones are zeros")
  func secondInput() throws {
    var file = ForeignFile()
    var other = file.model.graph.input[0]
    other.name = "weights"
    other.type.tensorType.shape.dim.removeAll()
    var dimension = Onnx_TensorShapeProto.Dimension()
    dimension.dimValue = 2
    other.type.tensorType.shape.dim = [dimension]
    file.model.graph.input.append(other)
    file.integers("axes", [0])
    file.node("ReduceSum", ["weights", "axes"], "sum", ["keepdims": .integer(0)])
    file.node("Mul", ["x", "sum"], "y")
    #expect(throws: ONNXError.self) { _ = try file.read() }
    var options = ONNXImport.Options()
    options.inputs = ["weights": [0.25]]
    let source = picture(width: 5, height: 4)
    let result = try painted(try file.read(options).model, source)
    #expect(result.elements == source.elements.map { $0 / 4 })
  }
}

extension Networks.Operation {
  fileprivate var isInputOrConvolution: Bool {
    switch self {
    case .input, .convolution: true
    default: false
    }
  }
}
