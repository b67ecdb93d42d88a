import Networks

/// A node of a graph with its attributes by name.
struct GraphNode {
  let type: String
  /// The name, or the name of the output if it has none.
  let name: String
  let inputs: [String]
  let outputs: [String]
  private let attributes: [String: Onnx_AttributeProto]

  init(_ node: Onnx_NodeProto) {
    type = node.opType
    name = node.name.isEmpty ? node.output.first ?? "" : node.name
    inputs = node.input
    outputs = node.output
    attributes = Dictionary(node.attribute.map { ($0.name, $0) }) { first, _ in first }
  }

  func integer(_ name: String) -> Int? { attributes[name].map { Int(Int32(clamping: $0.i)) } }
  func integers(_ name: String) -> [Int]? { attributes[name].map { $0.ints.map { Int(Int32(clamping: $0)) } } }
  func float(_ name: String) -> Float? { attributes[name]?.f }
  func floats(_ name: String) -> [Float]? { attributes[name]?.floats }
  func text(_ name: String) -> String? { attributes[name].map { String(decoding: $0.s, as: UTF8.self) } }
  func tensor(_ name: String) -> Onnx_TensorProto? {
    guard let attribute = attributes[name], attribute.hasT else { return nil }
    return attribute.t
  }
}

/// Why a node is not supported. It completes a sentence about the node.
struct NodeFault: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

/// A value of the graph.
enum GraphValue {
  /// A value that does not depend on the picture.
  case constant(ConstantTensor)
  /// The value of a node of the network.
  case feature(Feature)
  /// A part of an instance norm in single operators.
  case moment(Moment)
}

/// The value of a node of the network, as the graph sees it.
struct Feature: Hashable {
  /// The node.
  var node: Int
  /// The shape for the picture with which the graph is read.
  var channels: Int
  var height: Int
  var width: Int
  /// Whether the graph has the shape `[1, H, W, C]` instead of `[1, C, H, W]`.
  var isChannelsLast = false
  /// Whether the graph has the shape `[1, C, H·W]`.
  var isFlat = false
  /// The padding that the next convolution takes over.
  var padding: PendingPadding?
  /// What is still to be cut off; then ``node`` is that before the transposed convolution.
  var crop: PendingCrop?

  /// Whether the value is known only together with the next operator.
  var isPending: Bool { padding != nil || crop != nil }

  /// The maximum numbers of channels and of pixels along an axis, far below what could overflow.
  static let (maximumChannels, maximumExtent) = (1 << 16, 1 << 20)

  /// Returns this feature if its size is in range.
  func checked() throws(NodeFault) -> Feature {
    guard channels <= Self.maximumChannels, max(height, width) <= Self.maximumExtent else {
      throw NodeFault("its output \(shape) is out of range")
    }
    return self
  }

  /// The shape in the graph.
  var shape: [Int] {
    if isFlat { return [1, channels, height * width] }
    return isChannelsLast ? [1, height, width, channels] : [1, channels, height, width]
  }

  /// The axes of height and width.
  var pixelAxes: [Int] { isFlat ? [2] : isChannelsLast ? [1, 2] : [2, 3] }
  /// The axis of the channels.
  var channelAxis: Int { isChannelsLast ? 3 : 1 }
}

/// Padding before a convolution.
struct PendingPadding: Hashable {
  var mode: Networks.Operation.Padding
  var top: Int
  var left: Int
  var bottom: Int
  var right: Int
}

/// A window of what a transposed convolution gives, which is larger than its stride times its input.
struct PendingCrop: Hashable {
  /// The place of the convolution in ``GraphReader/transposedConvolutions``.
  var convolution: Int
  /// The first row and column of the window.
  var top = 0
  var left = 0
}

/// A part of an instance norm.
enum Moment {
  case mean(Feature)
  case centred(Feature)
  case squared(Feature)
  case variance(Feature, epsilon: Double)
  case deviation(Feature, epsilon: Double)
  case inverseDeviation(Feature, epsilon: Double)
}
