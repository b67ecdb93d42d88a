import Files
import Foundation
import Safetensors
import Tensors
import TestSupport
import Testing

/// A damaged file gives a typed error with one sentence that names the file. It never traps.
struct DamagedFileTests {
  private static let eightBytes = [UInt8](repeating: 0, count: 8)

  private func expectRefused(_ bytes: [UInt8], in folder: TemporaryFolder, saying text: String) throws {
    let path = try folder.write(bytes, to: "m")
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsReader(path: path) }
    let description = error?.description ?? ""
    let isOneLine = !description.unicodeScalars.contains { $0.value < 32 }
    #expect(description.hasPrefix("\(path): ") && description.contains(text) && isOneLine, "\(description)")
  }

  @Test(arguments: [
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, "has 4 bytes, where [2] of F32 takes 8"),
    (#"{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "impossible shape [-2]"),
    (#"{"x":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}"#, "impossible shape"),
    (#"{"x":{"dtype":"F32","shape":[4611686018427387904,2],"data_offsets":[0,8]}}"#, "impossible shape"),
    (
      #"{"x":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,0],"data_offsets":[0,0]}}"#,
      "impossible shape"
    ),
    (#"{"x":{"dtype":"F32","shape":[92233720368547758070],"data_offsets":[0,8]}}"#, "not a safetensors file"),
    (#"{"x":{"dtype":"F32","shape":[1e300],"data_offsets":[0,8]}}"#, "not a safetensors file"),
    (#"{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}"#, "not a safetensors file"),
    (#"{"x":{"dtype":"F32","shape":[true],"data_offsets":[0,8]}}"#, "not a safetensors file"),
    (#"{"x":{"dtype":"F32","shape":"2","data_offsets":[0,8]}}"#, "unexpected value at 'x.shape'"),
    (#"{"x":{"dtype":"F12","shape":[2],"data_offsets":[0,8]}}"#, "unknown element type 'F12'"),
    (#"{"x":{"dtype":"F32","shape":[2]}}"#, "'x' lacks 'data_offsets'"),
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"a":1}}"#, "unexpected value at 'x.a'"),
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}}"#, "has 3 byte offsets"),
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, "lies at bytes -8 to 0"),
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[-9223372036854775808,9223372036854775807]}}"#, "lies at bytes"),
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "lies at bytes 8 to 0"),
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#, "the file has 8 bytes of tensors"),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "leaves a gap"),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "its tensors take 4 bytes, and 8 follow"),
    (
      #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "'y' overlaps"
    ),
    (
      #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "names something twice"
    ),
    (
      #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\u0078":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
      "names something twice"
    ),
    (
      #"{"__metadata__":{"a":"1","a":"2"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
      "names something twice"
    ),
    (#"{"__metadata__":{"a":1},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "'__metadata__.a'"),
    (#"{"__metadata__":[],"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "'__metadata__'"),
    (
      #"{"\u001b[2J\n":{"dtype":"F\n","shape":[2],"data_offsets":[0,8]}}"#,
      "tensor '\u{FFFD}[2J\u{FFFD}' has the unknown"
    ),
    (#"{"x\n":{"dtype":"F32","shape":[true],"data_offsets":[0,8]}}"#, "value at 'x\u{FFFD}.shape"),
    (#"{"x":null}"#, "'x'"),
    (#"{"x":[]}"#, "'x'"),
    (#"{"x":"#, "malformed JSON"),
    (#"[1]"#, "does not begin with '{'"),
    (" {}", "does not begin with '{'"),
    ("{}{}", "malformed JSON"),
    ("{}", "its tensors take 0 bytes, and 8 follow"),
  ])
  func contradictionsInTheHeader(header: String, text: String) throws {
    let folder = try TemporaryFolder()
    try expectRefused(safetensors(header, data: Self.eightBytes), in: folder, saying: text)
  }

  @Test func rejectsDeepNesting() throws {
    let folder = try TemporaryFolder()
    let header = #"{"x":"# + String(repeating: "[", count: 100_000)
    try expectRefused(safetensors(header), in: folder, saying: "not a safetensors file")
  }

  @Test(arguments: [UInt64(0), 1, 57, 100_000_001, UInt64(Int64.max), UInt64(Int64.max) + 1, UInt64.max])
  func headerLength(length: UInt64) throws {
    let folder = try TemporaryFolder()
    var bytes = safetensors("{}" + String(repeating: " ", count: 54))
    bytes.replaceSubrange(0..<8, with: withUnsafeBytes(of: length.littleEndian, Array.init))
    try expectRefused(bytes, in: folder, saying: "its header would be \(length) bytes long")
  }

  @Test func rejectsEveryTruncation() throws {
    let folder = try TemporaryFolder()
    let tensors = [(name: "a", tensor: Tensor(Shape([3]))), (name: "b", tensor: Tensor(Shape([2, 2])))]
    try SafetensorsWriter.write(tensors: tensors, metadata: ["k": "v"], to: folder.file("whole"))
    let whole = try folder.bytes(of: "whole")
    for length in 0..<whole.count {
      try expectRefused(Array(whole[..<length]), in: folder, saying: "/m: ")
    }
    try expectRefused(whole + [0], in: folder, saying: "its tensors take 28 bytes, and 29 follow")
  }

  /// Flips bits and swaps bytes of the length and the header. A file that still opens must be readable without a trap.
  @Test func flippedBytesNeverTrap() throws {
    let folder = try TemporaryFolder()
    let tensors = [(name: "a", tensor: Tensor(Shape([3]))), (name: "b", tensor: Tensor(Shape([2, 2])))]
    try SafetensorsWriter.write(
      tensors: tensors, metadata: ["k": "v"], to: folder.file("whole"), storage: ["a": .float16, "b": .float16])
    let whole = try folder.bytes(of: "whole")
    let headerEnd = whole.count - 14
    var state = UInt64(1)
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let syntax = Array("{}[]\",:0123456789-.eE\\u \n".utf8)
    var refusals = 0
    for round in 0..<3000 {
      var bytes = whole
      for _ in 0...next(3) {
        bytes[next(headerEnd)] = round % 2 == 0 ? UInt8(next(256)) : syntax[next(syntax.count)]
      }
      do {
        let reader = try SafetensorsReader(path: try folder.write(bytes, to: "m"))
        for entry in reader.entries { _ = try reader.tensor(entry.name) }
      } catch let error as SafetensorsError {
        #expect(!error.description.isEmpty)
        refusals += 1
      }
    }
    #expect(refusals > 2000, "too few of the changes were detected")
  }

  @Test func rejectsOtherFiles() throws {
    let folder = try TemporaryFolder()
    #expect(throws: SafetensorsError.file(.cannotRead(path: folder.path, reason: "it is a directory"))) {
      try SafetensorsReader(path: folder.path)
    }
    let missing = folder.file("missing")
    #expect(throws: SafetensorsError.file(.cannotRead(path: missing, reason: "no such file or directory"))) {
      try SafetensorsReader(path: missing)
    }
    let text = Array("This is a letter and not a model, whatever its name may say.\n".utf8)
    try expectRefused(text, in: folder, saying: "not a safetensors file")
    try expectRefused([], in: folder, saying: "it has 0 bytes")
  }
}
