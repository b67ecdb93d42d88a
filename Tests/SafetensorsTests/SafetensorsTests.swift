import Files
import Foundation
import Safetensors
import Tensors
import TestSupport
import Testing

struct SafetensorsTests {
  private func sample() -> [(name: String, tensor: Tensor)] {
    [
      ("b.weight", Tensor(Shape([2, 3]), elements: [0, -1.5, 3.25, .infinity, 1e-30, -0])),
      ("a.bias", Tensor(Shape([1]), elements: [65504])),
      ("scalar", Tensor(Shape([]), elements: [7])),
      ("empty", Tensor(Shape([3, 0]))),
    ]
  }

  @Test func readsBackWhatWasWritten() throws {
    let folder = try TemporaryFolder()
    let metadata = ["style": "starry \"night\" \u{1F30C}", "note": "a: b, {c}\\"]
    try SafetensorsWriter.write(tensors: sample(), metadata: metadata, to: folder.file("m"))
    let reader = try SafetensorsReader(path: folder.file("m"))
    #expect(reader.metadata == metadata)
    #expect(reader.entries.map(\.name) == ["a.bias", "b.weight", "empty", "scalar"])
    for (name, tensor) in sample() {
      let read = try reader.tensor(name)
      #expect(read.shape == tensor.shape)
      #expect(read.elements.map(\.bitPattern) == tensor.elements.map(\.bitPattern))
    }
    #expect(throws: SafetensorsError.missingTensor(path: folder.file("m"), tensor: "c")) { try reader.tensor("c") }
  }

  @Test func halfPrecisionRoundsToNearest() throws {
    let folder = try TemporaryFolder()
    // Longer than one chunk of the writer. Large values overflow to infinity, small ones are subnormal in half
    // precision.
    let elements = (0..<100_001).map { 70_000 * sin(Float($0)) * exp(-Float($0) / 4000) }
    let tensors = [(name: "x", tensor: Tensor(Shape([100_001]), elements: elements))]
    try SafetensorsWriter.write(tensors: tensors, to: folder.file("m"), storage: ["x": .float16])
    let reader = try SafetensorsReader(path: folder.file("m"))
    #expect(reader.file.tensors["x"]?.dataType == .float16)
    #expect(try reader.tensor("x").elements == elements.map { Float(Float16($0)) })
  }

  @Test func storageIsChosenByName() throws {
    let folder = try TemporaryFolder()
    // Not representable in half precision.
    let elements: [Float] = [1.0001, -3.00002]
    let tensors = ["a", "b", "c"].map { (name: $0, tensor: Tensor(Shape([2]), elements: elements)) }
    try SafetensorsWriter.write(tensors: tensors, to: folder.file("m"), storage: ["b": .float16, "c": .float32])
    let reader = try SafetensorsReader(path: folder.file("m"))
    #expect(reader.entries.map(\.dataType) == [.float32, .float16, .float32])
    #expect(try reader.tensor("a").elements == elements && reader.tensor("c").elements == elements)
    #expect(try reader.tensor("b").elements == elements.map { Float(Float16($0)) })
  }

  @Test func bytesFollowTheFormatAndAreDeterministic() throws {
    let folder = try TemporaryFolder()
    let tensors = [
      (name: "b", tensor: Tensor(Shape([2]), elements: [1, 2])),
      (name: "a/c", tensor: Tensor(Shape([1]), elements: [3])),
    ]
    try SafetensorsWriter.write(tensors: tensors, metadata: ["z": "1", "k": "2"], to: folder.file("m"))
    try SafetensorsWriter.write(tensors: tensors.reversed(), metadata: ["k": "2", "z": "1"], to: folder.file("n"))
    let bytes = try folder.bytes(of: "m")
    #expect(try folder.bytes(of: "n") == bytes)
    var header =
      #"{"__metadata__":{"k":"2","z":"1"},"a/c":{"data_offsets":[0,4],"dtype":"F32","shape":[1]},"#
      + #""b":{"data_offsets":[4,12],"dtype":"F32","shape":[2]}}"#
    while header.utf8.count % 8 != 0 { header += " " }
    let length = UInt8(header.utf8.count)
    #expect(bytes == [length, 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + [0, 0, 64, 64, 0, 0, 128, 63, 0, 0, 0, 64])
  }

  @Test func bfloat16IsReadExactly() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      safetensors(
        #"{"x":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}"#, data: [0x80, 0x3F, 0x20, 0xC0, 0x80, 0x7F]),
      to: "m")
    #expect(try SafetensorsReader(path: path).tensor("x").elements == [1, -2.5, .infinity])
  }

  @Test func otherTypesAreListedButNotRead() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      safetensors(#"{"x":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, data: [UInt8](repeating: 0, count: 8)),
      to: "m")
    let reader = try SafetensorsReader(path: path)
    #expect(reader.entries.map(\.dataType) == [.int64])
    let error = #expect(throws: SafetensorsError.self) { try reader.tensor("x") }
    #expect(error?.description == "\(path): stores tensor 'x' as I64, where F32, F16 or BF16 was expected")
  }

  @Test func writerRejectsInvalidNames() throws {
    let folder = try TemporaryFolder()
    let one = Tensor(Shape([1]))
    for tensors in [[(name: "a", tensor: one), (name: "a", tensor: one)], [(name: "__metadata__", tensor: one)]] {
      #expect(throws: SafetensorsError.self) { try SafetensorsWriter.write(tensors: tensors, to: folder.file("m")) }
    }
    #expect(throws: SafetensorsError.file(.cannotWrite(path: folder.path, reason: "it is a directory"))) {
      try SafetensorsWriter.write(tensors: [], to: folder.path)
    }
    #expect(try folder.names.isEmpty)
  }
}

/// Returns the bytes of a safetensors file with a given header text.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
  withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8) + data
}
