import Foundation
import Safetensors
import Tensors

/// Values computed by PyTorch, from a file in `Tests/Golden` written by the scripts there.
///
/// Activations are `[N, H, W, C]`, convolution weights are `[O, I, Kh, Kw]`. All values were computed in double
/// precision and rounded once.
package struct Golden: Sendable {
  private let reader: SafetensorsReader

  /// Opens `Tests/Golden/<name>.safetensors`: `operations`, `balanced`, `candidates`, `canvas`, `inspection`,
  /// `network`, `objective`, `slow`, `vgg16` or `likeness`.
  ///
  /// - Throws: `SafetensorsError` if the file cannot be read.
  package init(_ name: String) throws {
    reader = try SafetensorsReader(path: Self.folder.appending(path: "\(name).safetensors").path)
  }

  /// The folder of the golden files. The tests run from a checkout.
  package static var folder: URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Tests/Golden").standardizedFileURL
  }

  /// Returns the tensor `name`.
  ///
  /// - Throws: `SafetensorsError` if there is no such tensor.
  package func tensor(_ name: String) throws -> Tensor { try reader.tensor(name) }

  /// Returns the tensor `name` in double precision.
  ///
  /// - Throws: `SafetensorsError` if there is no such tensor.
  package func reference(_ name: String) throws -> ReferenceTensor { ReferenceTensor(try reader.tensor(name)) }

  /// Returns the only element of the tensor `name`.
  ///
  /// - Throws: `SafetensorsError` if there is no such tensor.
  package func scalar(_ name: String) throws -> Double {
    let tensor = try reader.tensor(name)
    precondition(tensor.count == 1, "\(name) has \(tensor.count) elements")
    return Double(tensor.elements[0])
  }

  /// Returns the names that begin with `prefix`, without the prefix, sorted.
  package func names(under prefix: String) -> [String] {
    reader.entries.map(\.name).filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }
}
