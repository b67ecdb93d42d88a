import Kernels
import Networks
import Tensors

/// The nodes and parameters of a network under construction.
struct NetworkAssembly {
  private(set) var nodes = [Node(operation: .input, inputs: [])]
  private(set) var parameters: [String: [Float]] = [:]
  private var names: Set<String> = []

  /// Appends a node. `values` are its parameters by their names behind the node's name.
  ///
  /// - Parameter name: The wanted name of a node with parameters; another is chosen if it is taken.
  /// - Returns: The index of the node.
  mutating func append(
    _ operation: Networks.Operation, _ inputs: [Int], name: String = "", _ values: [String: [Float]] = [:]
  ) -> Int {
    let name = values.isEmpty ? "" : unique(name)
    for (suffix, values) in values { parameters["\(name).\(suffix)"] = values }
    nodes.append(Node(name: name, operation: operation, inputs: inputs))
    return nodes.count - 1
  }

  /// Appends `scale · x + offset` for each channel: an affine map if all channels have the same, or else a batch norm.
  mutating func appendMap(_ scales: [Double], _ offsets: [Double], _ input: Int, name: String) -> Int {
    guard let scale = scales.first, let offset = offsets.first else { return input }
    if scales.allSatisfy({ $0 == scale }), offsets.allSatisfy({ $0 == offset }) {
      if scale == 1, offset == 0 { return input }
      return append(.affine(scale: Float(scale), offset: Float(offset)), [input])
    }
    let count = scales.count
    // With this variance the norm divides by 1.
    return append(
      .batchNorm(channels: count), [input], name: name,
      [
        "weight": scales.map { Float($0) }, "bias": offsets.map { Float($0) },
        "running_mean": [Float](repeating: 0, count: count),
        "running_var": [Float](repeating: 1 - InstanceNorm.epsilon, count: count),
      ])
  }

  /// Gives the affine map at `index` other numbers.
  mutating func replaceAffine(_ index: Int, scale: Float, offset: Float) {
    nodes[index] = Node(operation: .affine(scale: scale, offset: offset), inputs: nodes[index].inputs)
  }

  private mutating func unique(_ name: String) -> String {
    let allowed = name.unicodeScalars.prefix(80).map { scalar in
      scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "._-".unicodeScalars.contains(scalar)
        ? scalar : "_"
    }
    let base = allowed.isEmpty ? "layer" : String(String.UnicodeScalarView(allowed))
    var (result, number) = (base, 2)
    while !names.insert(result).inserted {
      result = "\(base)_\(number)"
      number += 1
    }
    return result
  }

  // MARK: Simplification

  /// Returns the model with fewer nodes that compute the same.
  ///
  /// Affine maps and maps of channels are folded into the convolutions, norms and tanh functions around them, and
  /// permutations of the picture's channels into the convolutions that read or write them. `output` is the last node.
  mutating func simplify(output: Int) -> Int {
    var output = output
    var isChanged = true
    // Each change removes a node, so this ends.
    while isChanged {
      isChanged = false
      let readers = readers(output: output)
      for index in nodes.indices where readers[index] > 0 {
        if foldIntoSource(index, readers, &output) || foldIntoReaders(index, readers) {
          isChanged = true
          break
        }
      }
    }
    return output
  }

  /// The number of operands that read each node, and 1 more for the output. Nodes that do not matter have none.
  private func readers(output: Int) -> [Int] {
    var readers = [Int](repeating: 0, count: nodes.count)
    readers[output] = 1
    for index in nodes.indices.reversed() where readers[index] > 0 {
      for source in nodes[index].inputs { readers[source] += 1 }
    }
    return readers
  }

  /// Makes all readers of `index` read `source` instead.
  private mutating func bypass(_ index: Int, with source: Int, _ output: inout Int) {
    for (place, node) in nodes.enumerated() where node.inputs.contains(index) {
      nodes[place] = Node(
        name: node.name, operation: node.operation, inputs: node.inputs.map { $0 == index ? source : $0 })
    }
    if output == index { output = source }
  }

  /// Folds a map into the node before it, which nothing else reads.
  private mutating func foldIntoSource(_ index: Int, _ readers: [Int], _ output: inout Int) -> Bool {
    guard let source = nodes[index].inputs.first else { return false }
    if nodes[index].operation == .affine(scale: 1, offset: 0) {
      bypass(index, with: source, &output)
      return true
    }
    guard readers[source] == 1 else { return false }
    let (name, before) = (nodes[source].name, nodes[source].operation)
    if case .convolution(let inputs, 3, 1, 1, _) = nodes[index].operation, isPermutation(index) {
      return foldPermutation(index, source, inputs: inputs, &output)
    }
    guard let map = map(of: index) else { return false }
    switch before {
    case .convolution(_, let outputs, _, _, _), .depthwiseConvolution(let outputs, _, _, _):
      guard var weight = parameters[name + ".weight"], var bias = parameters[name + ".bias"] else { return false }
      let taps = weight.count / max(1, outputs)
      for channel in 0..<outputs {
        let (scale, offset) = map(channel)
        for place in channel * taps..<(channel + 1) * taps { weight[place] = Float(Double(weight[place]) * scale) }
        bias[channel] = Float(Double(bias[channel]) * scale + offset)
      }
      (parameters[name + ".weight"], parameters[name + ".bias"]) = (weight, bias)
    case .instanceNorm(let channels), .batchNorm(let channels):
      guard var weight = parameters[name + ".weight"], var bias = parameters[name + ".bias"] else { return false }
      for channel in 0..<channels {
        let (scale, offset) = map(channel)
        weight[channel] = Float(Double(weight[channel]) * scale)
        bias[channel] = Float(Double(bias[channel]) * scale + offset)
      }
      (parameters[name + ".weight"], parameters[name + ".bias"]) = (weight, bias)
    case .scaledTanh(let scale, let offset):
      guard case .affine(let factor, let addend) = nodes[index].operation else { return false }
      nodes[source] = Node(
        operation: .scaledTanh(scale: scale * factor, offset: offset * factor + addend), inputs: nodes[source].inputs)
    case .affine(let scale, let offset):
      guard case .affine(let factor, let addend) = nodes[index].operation else { return false }
      nodes[source] = Node(
        operation: .affine(scale: scale * factor, offset: offset * factor + addend), inputs: nodes[source].inputs)
    default: return false
    }
    bypass(index, with: source, &output)
    return true
  }

  /// Folds a map or a permutation of the picture into the convolutions that read it.
  private mutating func foldIntoReaders(_ index: Int, _ readers: [Int]) -> Bool {
    guard nodes[index].inputs.first.map({ nodes[$0].operation }) == .input || isMapOfPicture(index) else {
      return false
    }
    let isPermuted = isPermutation(index)
    let places = nodes.indices.filter { readers[$0] > 0 && nodes[$0].inputs.contains(index) }
    let map = map(of: index)
    // An affine map of the picture costs nothing: the engine folds it.
    guard isPermuted || map != nil, !places.isEmpty, places.count == readers[index] else { return false }
    if !isPermuted, case .affine = nodes[index].operation { return false }
    let fits = places.allSatisfy { place in
      guard case .convolution(3, _, let kernel, _, let padding) = nodes[place].operation else { return false }
      return isPermuted || kernel == 1 || padding != .zeros || (0..<3).allSatisfy { map?($0).offset == 0 }
    }
    guard fits else { return false }
    let order = permutation(index)
    for place in places {
      let name = nodes[place].name
      guard let weight = parameters[name + ".weight"], var bias = parameters[name + ".bias"] else { return false }
      var changed = weight
      let taps = weight.count / max(1, 3 * bias.count)
      for output in bias.indices {
        for channel in 0..<3 {
          let source = (output * 3 + channel) * taps
          let target = (output * 3 + (isPermuted ? order[channel] : channel)) * taps
          let (scale, offset) = map.map { $0(channel) } ?? (1, 0)
          for tap in 0..<taps {
            changed[target + tap] = Float(Double(weight[source + tap]) * scale)
            bias[output] += Float(Double(weight[source + tap]) * offset)
          }
        }
      }
      (parameters[name + ".weight"], parameters[name + ".bias"]) = (changed, bias)
      nodes[place] = Node(name: name, operation: nodes[place].operation, inputs: nodes[index].inputs)
    }
    return true
  }

  private func isMapOfPicture(_ index: Int) -> Bool {
    guard let source = nodes[index].inputs.first, case .affine = nodes[source].operation else { return false }
    return nodes[source].inputs == [0]
  }

  /// Exchanges the outputs of the convolution from which `source` comes by functions of single values.
  private mutating func foldPermutation(_ index: Int, _ source: Int, inputs: Int, _ output: inout Int) -> Bool {
    var place = source
    let readers = readers(output: output)
    while readers[place] == 1 {
      switch nodes[place].operation {
      case .scaledTanh, .affine, .clamp, .leakyReLU, .relu: place = nodes[place].inputs[0]
      case .convolution(_, 3, _, _, _):
        let name = nodes[place].name
        guard let weight = parameters[name + ".weight"], let bias = parameters[name + ".bias"], bias.count == 3 else {
          return false
        }
        let (order, count) = (permutation(index), weight.count / 3)
        parameters[name + ".weight"] = order.flatMap { Array(weight[$0 * count..<($0 + 1) * count]) }
        parameters[name + ".bias"] = order.map { bias[$0] }
        bypass(index, with: source, &output)
        return true
      default: return false
      }
    }
    return false
  }

  /// Appends a 1×1 convolution whose channel `c` is channel `places[c]` of `channels` ones.
  mutating func appendSelection(_ places: [Int], of channels: Int, _ input: Int) -> Int {
    if places == Array(0..<channels) { return input }
    return append(
      .convolution(
        inputChannels: channels, outputChannels: places.count, kernel: 1, stride: 1, padding: .zeros), [input],
      name: "channels",
      [
        "weight": places.flatMap { place in (0..<channels).map { $0 == place ? 1 : 0 } },
        "bias": [Float](repeating: 0, count: places.count),
      ])
  }

  /// Appends `min(max(x, minimum), maximum)`, joined with bounds that `input` has already.
  mutating func appendClamp(_ minimum: Float, _ maximum: Float, _ input: Int) -> Int {
    var (low, high, source) = (minimum, maximum, input)
    switch nodes[input].operation {
    case .clamp(let minimum, let maximum):
      (low, high, source) = (max(low, minimum), min(high, maximum), nodes[input].inputs[0])
    case .relu: (low, source) = (max(low, 0), nodes[input].inputs[0])
    default: break
    }
    // Bounds that exclude each other leave one number, which is no range.
    guard low < high else { return append(.clamp(minimum: minimum, maximum: maximum), [input]) }
    if low == 0, high == .greatestFiniteMagnitude { return append(.relu, [source]) }
    return append(.clamp(minimum: low, maximum: high), [source])
  }

  private func isPermutation(_ index: Int) -> Bool { permutation(index).sorted() == [0, 1, 2] }

  /// The input channel of each output channel; empty if the node is not a permutation.
  private func permutation(_ index: Int) -> [Int] {
    let name = nodes[index].name
    guard case .convolution(3, 3, 1, 1, _) = nodes[index].operation, parameters[name + ".bias"] == [0, 0, 0],
      let weight = parameters[name + ".weight"], weight.count == 9, weight.allSatisfy({ $0 == 0 || $0 == 1 }),
      weight.reduce(0, +) == 3
    else { return [] }
    return (0..<3).compactMap { output in (0..<3).first { weight[3 * output + $0] == 1 } }
  }

  /// Returns scale and offset of each channel if node `index` is a map; nil for other nodes.
  private func map(of index: Int) -> ((Int) -> (scale: Double, offset: Double))? {
    let name = nodes[index].name
    switch nodes[index].operation {
    case .affine(let scale, let offset): return { _ in (Double(scale), Double(offset)) }
    case .batchNorm(let count):
      guard let weight = parameters[name + ".weight"], let bias = parameters[name + ".bias"],
        parameters[name + ".running_mean"]?.allSatisfy({ $0 == 0 }) == true,
        weight.count == count, bias.count == count
      else { return nil }
      return { (Double(weight[$0]), Double(bias[$0])) }
    default: return nil
    }
  }

  // MARK: Result

  /// Returns the network of the nodes that `output` needs, and its parameters.
  func network(name: String, output: Int) -> (definition: NetworkDefinition, parameters: [String: Tensor]) {
    let readers = readers(output: output)
    var places: [Int: Int] = [:]
    var kept: [Node] = []
    for (index, node) in nodes.enumerated() where index == 0 || index <= output && readers[index] > 0 {
      places[index] = kept.count
      kept.append(Node(name: node.name, operation: node.operation, inputs: node.inputs.compactMap { places[$0] }))
    }
    let definition = NetworkDefinition(name: name, nodes: kept)
    var tensors: [String: Tensor] = [:]
    for parameter in definition.parameters {
      guard let values = parameters[parameter.name], ConstantTensor.count(parameter.shape) == values.count else {
        continue
      }
      tensors[parameter.name] = Tensor(Shape(parameter.shape), elements: values)
    }
    return (definition, tensors)
  }
}
