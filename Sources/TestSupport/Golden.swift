import Foundation
import Safetensors
import Tensors

/// Values computed by PyTorch, from a file under `Tests/Golden`; `dump_golden.py` there writes them.
///
/// Activations are `[N, H, W, C]`, convolution weights `[O, I, Kh, Kw]`. Everything was computed in double precision and
/// rounded once.
public struct Golden: Sendable {
  private let reader: SafetensorsReader

  /// Opens `Tests/Golden/<name>.safetensors`: `operations`, `balanced`, `candidates`, `canvas`, `network`, `objective`, `vgg16` or `likeness`.
  public init(_ name: String) throws {
    reader = try SafetensorsReader(path: Self.folder.appending(path: "\(name).safetensors").path)
  }

  /// The folder of the golden files: the tests run from a checkout.
  public static var folder: URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Tests/Golden").standardizedFileURL
  }

  /// The tensor `name`.
  public func tensor(_ name: String) throws -> Tensor { try reader.tensor(name) }

  /// The tensor `name` in double precision.
  public func reference(_ name: String) throws -> ReferenceTensor { ReferenceTensor(try reader.tensor(name)) }

  /// The only element of the tensor `name`.
  public func scalar(_ name: String) throws -> Double {
    let tensor = try reader.tensor(name)
    precondition(tensor.count == 1, "\(name) has \(tensor.count) elements")
    return Double(tensor.elements[0])
  }

  /// The names that begin with `prefix`, without it, sorted.
  public func names(under prefix: String) -> [String] {
    reader.entries.map(\.name).filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }
}
