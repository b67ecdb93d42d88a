import Foundation

/// A value of a graph that does not depend on the picture: a weight, a shape, a scale.
///
/// Numbers are doubles, which hold all floats and all integers up to 2⁵³ exactly.
struct ConstantTensor {
  /// The maximum number of elements that an operator may create. Weights of a file can have more.
  static let maximumCount = 1 << 22

  let shape: [Int]
  let values: [Double]
  /// Whether division rounds toward zero.
  let isInteger: Bool

  /// Creates a constant, or returns nil if the shape does not have as many elements.
  init?(shape: [Int], values: [Double], isInteger: Bool) {
    guard shape.allSatisfy({ $0 >= 0 }), Self.count(shape) == values.count else { return nil }
    self.shape = shape
    self.values = values
    self.isInteger = isInteger
  }

  /// Creates a vector of integers.
  init(integers: [Int]) {
    shape = [integers.count]
    values = integers.map(Double.init)
    isInteger = true
  }

  /// Creates a scalar.
  init(scalar: Double, isInteger: Bool = false) {
    shape = []
    values = [scalar]
    self.isInteger = isInteger
  }

  private init(shape: [Int], mapped values: [Double], isInteger: Bool) {
    self.shape = shape
    self.values = values
    self.isInteger = isInteger
  }

  /// The product of extents; nil if one is negative or it exceeds the range of files.
  ///
  /// An extent of 0 does not hide a large one, of which operators would list the places.
  static func count(_ shape: [Int]) -> Int? {
    var (count, bound) = (1, 1)
    for extent in shape {
      let (product, overflow) = bound.multipliedReportingOverflow(by: max(extent, 1))
      guard extent >= 0, !overflow, product <= 1 << 30 else { return nil }
      bound = product
      count *= extent
    }
    return count == 0 && bound > maximumCount ? nil : count
  }

  /// The elements as integers, rounded toward zero and limited to 32 bits, which leaves room for sums.
  var integers: [Int] {
    values.map { $0.isNaN ? 0 : Int(max(-Double(Int32.max), min($0, Double(Int32.max))).rounded(.towardZero)) }
  }
  var floats: [Float] { values.map { Float($0) } }
  /// The only element; nil if there are several.
  var scalar: Double? { values.count == 1 ? values[0] : nil }

  func map(isInteger: Bool? = nil, _ function: (Double) -> Double) -> ConstantTensor {
    ConstantTensor(shape: shape, mapped: values.map(function), isInteger: isInteger ?? self.isInteger)
  }

  /// Returns the elements in another shape, or nil if it does not fit.
  func reshaped(_ shape: [Int]) -> ConstantTensor? {
    ConstantTensor(shape: shape, values: values, isInteger: isInteger)
  }

  /// Returns the elements whose places along each axis are `places`, or nil if one is out of range.
  func selecting(_ places: [[Int]]) -> ConstantTensor? {
    guard places.count == shape.count, let count = Self.count(places.map(\.count)), count <= Self.maximumCount,
      zip(places, shape).allSatisfy({ places, extent in places.allSatisfy { (0..<extent).contains($0) } })
    else { return nil }
    var offsets = [0]
    for (axis, places) in places.enumerated() {
      let stride = shape[(axis + 1)...].reduce(1, *)
      offsets = offsets.flatMap { offset in places.map { offset + $0 * stride } }
    }
    return ConstantTensor(shape: places.map(\.count), mapped: offsets.map { values[$0] }, isInteger: isInteger)
  }

  /// Returns the elements with axes in another order, or nil if `order` is none.
  func transposed(_ order: [Int]) -> ConstantTensor? {
    guard order.sorted() == Array(shape.indices) else { return nil }
    let strides = shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    var offsets = [0]
    for axis in order { offsets = offsets.flatMap { base in (0..<shape[axis]).map { base + $0 * strides[axis] } } }
    return ConstantTensor(shape: order.map { shape[$0] }, mapped: offsets.map { values[$0] }, isInteger: isInteger)
  }

  /// Returns the elements repeated to a larger shape, or nil if it does not fit.
  func broadcast(to target: [Int]) -> ConstantTensor? {
    guard target.count >= shape.count, let count = Self.count(target), count <= max(Self.maximumCount, values.count)
    else { return nil }
    let own = [Int](repeating: 1, count: target.count - shape.count) + shape
    guard zip(own, target).allSatisfy({ $0 == $1 || $0 == 1 }), let aligned = reshaped(own) else { return nil }
    var offsets = [0]
    for axis in target.indices {
      let stride = own[axis] == 1 ? 0 : own[(axis + 1)...].reduce(1, *)
      offsets = offsets.flatMap { base in (0..<target[axis]).map { base + $0 * stride } }
    }
    return ConstantTensor(shape: target, mapped: offsets.map { aligned.values[$0] }, isInteger: isInteger)
  }

  /// Returns `function` of the elements of two constants, or nil if their shapes do not fit.
  static func combined(
    _ a: ConstantTensor, _ b: ConstantTensor, _ function: (Double, Double) -> Double
  ) -> ConstantTensor? {
    let rank = max(a.shape.count, b.shape.count)
    func aligned(_ shape: [Int]) -> [Int] { [Int](repeating: 1, count: rank - shape.count) + shape }
    let target = zip(aligned(a.shape), aligned(b.shape)).map { $0 == 1 ? $1 : $0 }
    guard let first = a.broadcast(to: target), let second = b.broadcast(to: target) else { return nil }
    return ConstantTensor(
      shape: target, mapped: zip(first.values, second.values).map(function), isInteger: a.isInteger && b.isInteger)
  }
}

extension ConstantTensor {
  /// Reads a tensor of a file.
  ///
  /// - Throws: ``TensorFault`` if its data are elsewhere, of an unknown type, or not as many as its shape says.
  init(_ tensor: Onnx_TensorProto) throws(TensorFault) {
    guard tensor.dataLocation != .external, tensor.externalData.isEmpty else {
      throw TensorFault(reason: "its data are in another file")
    }
    let shape = tensor.dims.map { Int(clamping: $0) }
    guard let count = Self.count(shape) else { throw TensorFault(reason: "its shape \(shape) is out of range") }
    guard let type = Onnx_TensorProto.DataType(rawValue: Int(tensor.dataType)) else {
      throw TensorFault(reason: "it has the unknown type \(tensor.dataType)")
    }
    let raw = tensor.rawData
    let values: [Double]
    let isInteger: Bool
    switch type {
    case .float:
      isInteger = false
      values =
        raw.isEmpty ? tensor.floatData.map(Double.init) : Self.numbers(raw) { Double(Float(bitPattern: $0 as UInt32)) }
    case .double:
      isInteger = false
      values = raw.isEmpty ? tensor.doubleData : Self.numbers(raw) { Double(bitPattern: $0 as UInt64) }
    case .float16:
      isInteger = false
      values =
        raw.isEmpty
        ? tensor.int32Data.map { Double(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) }
        : Self.numbers(raw) { Double(Float16(bitPattern: $0 as UInt16)) }
    case .int64:
      isInteger = true
      values = raw.isEmpty ? tensor.int64Data.map(Double.init) : Self.numbers(raw) { Double($0 as Int64) }
    case .int32:
      isInteger = true
      values = raw.isEmpty ? tensor.int32Data.map(Double.init) : Self.numbers(raw) { Double($0 as Int32) }
    case .uint8, .bool:
      isInteger = true
      values = raw.isEmpty ? tensor.int32Data.map(Double.init) : Self.numbers(raw) { Double($0 as UInt8) }
    case .int8:
      isInteger = true
      values = raw.isEmpty ? tensor.int32Data.map(Double.init) : Self.numbers(raw) { Double($0 as Int8) }
    default: throw TensorFault(reason: "it has the type \(type)")
    }
    guard values.count == count else {
      throw TensorFault(reason: "it has \(values.count) values, expected \(count) for the shape \(shape)")
    }
    self.init(shape: shape, mapped: values, isInteger: isInteger)
  }

  /// Returns the little-endian numbers of `data`. An incomplete last one is ignored.
  private static func numbers<Number: FixedWidthInteger>(_ data: Data, _ value: (Number) -> Double) -> [Double] {
    let size = MemoryLayout<Number>.size
    return data.withUnsafeBytes { bytes in
      (0..<bytes.count / size).map { index in
        value(Number(littleEndian: bytes.loadUnaligned(fromByteOffset: index * size, as: Number.self)))
      }
    }
  }
}

/// An error of a tensor. The reason completes a sentence about it.
struct TensorFault: Error {
  let reason: String
}
