import Foundation
import Networks
import Safetensors

/// A parser of external input that takes any bytes and returns normally.
///
/// Typed errors are expected. A trap, an overflow or a report of a sanitizer is a fault of the parser.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// A safetensors file and all its tensors.
  case safetensors
  /// A model file: its tensors and the graph in its metadata.
  case model
  /// The description of a network, as `--network` takes it.
  case network
  /// The size of strokes, as `--strokes` takes it.
  case strokes

  /// Parses `bytes`.
  ///
  /// - Parameter path: A file for parsers that read files. It is overwritten.
  /// - Throws: An error of the file system if `path` cannot be written.
  public func run(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    switch self {
    case .safetensors:
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      do throws(SafetensorsError) {
        let reader = try SafetensorsReader(path: path)
        for entry in reader.entries { _ = try reader.tensor(entry.name) }
      } catch { _ = error.description }
    case .model:
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      do { _ = try StyleModel.load(path: path) } catch { try Self.expect(error) }
    case .network:
      do {
        _ = try NetworkDefinition.named(String(decoding: bytes, as: UTF8.self)).shapes(height: 64, width: 64)
      } catch { try Self.expect(error) }
    case .strokes:
      do { _ = try Strokes(String(decoding: bytes, as: UTF8.self)).description } catch { try Self.expect(error) }
    }
  }

  /// Rethrows an error that no user would understand.
  private static func expect(_ error: any Error) throws {
    switch error {
    case let error as ModelError: _ = error.description
    case let error as SafetensorsError: _ = error.description
    default: throw error
    }
  }
}
