import Inference
import Networks
import Tensors
import TestSupport
import Testing

/// Runs a network node by node in double precision: no fusion, no plan, and padding by a copy.
///
/// `luma` is the luma of the frame that a revision reads, if it is not that of the input.
func referenceOutput(of model: StyleModel, input: Tensor, luma: ReferenceTensor? = nil) throws -> ReferenceTensor {
  func parameter(_ name: String) throws -> ReferenceTensor {
    ReferenceTensor(try #require(model.parameters[name], "missing parameter \(name)"))
  }
  var values: [ReferenceTensor] = []
  for node in model.definition.nodes {
    let operands = node.inputs.map { values[$0] }
    switch node.operation {
    case .input: values.append(ReferenceTensor(input))
    case .convolution(_, _, let kernel, let stride, let padding):
      values.append(
        Reference.convolution(
          padded(operands[0], by: kernel / 2, padding),
          weight: try parameter(node.name + ".weight"), bias: try parameter(node.name + ".bias"),
          geometry: .init(stride: stride)))
    case .instanceNorm:
      values.append(
        Reference.instanceNorm(
          operands[0], scale: try parameter(node.name + ".weight"), shift: try parameter(node.name + ".bias")))
    case .depthwiseConvolution(_, let kernel, let stride, let padding):
      values.append(
        Reference.depthwiseConvolution(
          padded(operands[0], by: kernel / 2, padding),
          weight: try parameter(node.name + ".weight"), bias: try parameter(node.name + ".bias"),
          geometry: .init(stride: stride)))
    case .batchNorm:
      values.append(
        Reference.batchNorm(
          operands[0], scale: try parameter(node.name + ".weight"), shift: try parameter(node.name + ".bias"),
          mean: try parameter(node.name + ".running_mean"), variance: try parameter(node.name + ".running_var")))
    case .pixelUnshuffle(let factor): values.append(Reference.pixelUnshuffle(operands[0], factor: factor))
    case .pixelShuffle(let factor): values.append(Reference.pixelShuffle(operands[0], factor: factor))
    case .affine(let scale, let offset):
      values.append(
        ReferenceTensor(
          operands[0].shape, elements: operands[0].elements.map { Double(scale) * $0 + Double(offset) }))
    case .relu: values.append(Reference.relu(operands[0]))
    case .leakyReLU(let slope):
      values.append(
        ReferenceTensor(
          operands[0].shape, elements: operands[0].elements.map { $0 > 0 ? $0 : Double(slope) * $0 }))
    case .parametricReLU:
      values.append(Reference.parametricReLU(operands[0], slopes: try parameter(node.name + ".weight")))
    case .clamp(let minimum, let maximum):
      values.append(
        ReferenceTensor(
          operands[0].shape, elements: operands[0].elements.map { min(max($0, Double(minimum)), Double(maximum)) }))
    case .upsampleLinear(let alignsCorners):
      values.append(Reference.upsampleLinear(operands[0], alignsCorners: alignsCorners))
    case .concatenation: values.append(Reference.concatenation(operands[0], operands[1]))
    case .upsampleNearest: values.append(Reference.upsampleNearest(operands[0]))
    case .add: values.append(Reference.add(operands[0], operands[1]))
    case .canvas:
      let canvas = model.definition.canvasExtents(height: input.shape.height, width: input.shape.width)
      values.append(Reference.areaReduction(operands[0], height: canvas.height, width: canvas.width))
    case .revision(let channels):
      let film = operands[0].shape
      let draft = Reference.sharpened(operands[1], height: film.height, width: film.width)
      let enlarged = Reference.enlargement(draft, height: film.height, width: film.width)
      guard channels > 0 else {
        values.append(enlarged)
        break
      }
      func convolution(_ input: ReferenceTensor, _ name: String) throws -> ReferenceTensor {
        Reference.convolution(
          padded(input, by: 1, .reflect), weight: try parameter("\(node.name).\(name).weight"),
          bias: try parameter("\(node.name).\(name).bias"), geometry: .init(stride: 1))
      }
      let read = Reference.revisionInput(film: operands[0], draft: draft, luma: luma)
      let hidden = Reference.relu(try convolution(read, "conv1"))
      values.append(Reference.addingBlocks(enlarged, try convolution(hidden, "conv2")))
    case .scaledTanh(let scale, let offset):
      values.append(Reference.scaledTanh(operands[0], scale: Double(scale), offset: Double(offset)))
    }
  }
  return try #require(values.last)
}

/// Returns the luma of the frame as an engine for bytes stores it: rounded to integers, with ties to even.
func roundedLuma(_ picture: Tensor) -> ReferenceTensor {
  var luma = Reference.luma(ReferenceTensor(picture))
  luma.elements = luma.elements.map { $0.rounded(.toNearestOrEven) }
  return luma
}

/// Returns the input of a network: `picture` itself for a network with a canvas, otherwise the picture extended to the
/// size multiple.
func networkInput(_ picture: Tensor, of definition: NetworkDefinition) -> Tensor {
  definition.canvasLines == nil ? extended(picture, toMultipleOf: definition.sizeMultiple) : picture
}

/// A network that reads blocks of 4×4 pixels, at the size of the picture.
let unshufflingNetwork = "dense:head=unshuffle4,tail=upsample,channels=8-16-32,detail=0,blocks=1,norm=instance"

/// Returns the picture, extended by reflection at the right and bottom edges to multiples of `multiple`.
func extended(_ input: Tensor, toMultipleOf multiple: Int) -> Tensor {
  let shape = input.shape
  let height = (shape.height + multiple - 1) / multiple * multiple
  let width = (shape.width + multiple - 1) / multiple * multiple
  let source = ReferenceTensor(input)
  var output = ReferenceTensor(Shape(batch: 1, height: height, width: width, channels: shape.channels))
  for y in 0..<height {
    for x in 0..<width {
      for channel in 0..<shape.channels {
        output[0, y, x, channel] = source[0, mirrored(y, shape.height), mirrored(x, shape.width), channel]
      }
    }
  }
  return output.tensor
}

/// Returns the top left `height` × `width` pixels.
func cropped(_ input: ReferenceTensor, height: Int, width: Int) -> ReferenceTensor {
  var output = ReferenceTensor(Shape(batch: 1, height: height, width: width, channels: input.shape.channels))
  for y in 0..<height {
    for x in 0..<width {
      for channel in 0..<input.shape.channels { output[0, y, x, channel] = input[0, y, x, channel] }
    }
  }
  return output
}

private func padded(
  _ input: ReferenceTensor, by border: Int, _ padding: Networks.Operation.Padding
) -> ReferenceTensor {
  let shape = input.shape
  var output = ReferenceTensor(
    Shape(
      batch: 1, height: shape.height + 2 * border, width: shape.width + 2 * border, channels: shape.channels))
  for y in 0..<output.shape.height {
    for x in 0..<output.shape.width {
      let isInside = (0..<shape.height).contains(y - border) && (0..<shape.width).contains(x - border)
      guard padding != .zeros || isInside else { continue }
      func source(_ place: Int, _ extent: Int) -> Int {
        padding == .reflect ? mirrored(place, extent) : max(0, min(place, extent - 1))
      }
      for channel in 0..<shape.channels {
        output[0, y, x, channel] =
          input[0, source(y - border, shape.height), source(x - border, shape.width), channel]
      }
    }
  }
  return output
}

/// Walks `|position|` steps from 0 and turns at both ends, a reflection for any distance.
private func mirrored(_ position: Int, _ extent: Int) -> Int {
  guard extent > 1 else { return 0 }
  var place = 0
  var direction = 1
  for _ in 0..<abs(position) {
    if place + direction < 0 || place + direction >= extent { direction = -direction }
    place += direction
  }
  return place
}

extension NetworkDefinition: CustomTestStringConvertible {
  /// The name; the nodes would fill the test log.
  public var testDescription: String { name }
}
