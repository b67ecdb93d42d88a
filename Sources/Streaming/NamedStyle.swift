import Inference
import Networks

/// A style ready to be used: a model under the name that people know it by.
public struct NamedStyle: Sendable {
  /// What people call it.
  public let name: String
  /// The checked model; styles with the same object share engines.
  public let model: PreparedModel

  /// A style of a prepared model.
  public init(_ name: String, model: PreparedModel) {
    self.name = name
    self.model = model
  }

  /// Reads the model file at `path`, which is not needed afterwards. Throws `SafetensorsError`, `ModelError` or
  /// `InferenceError` where it is none.
  public init(_ name: String, path: String) throws {
    self.init(name, model: try PreparedModel(StyleModel.load(path: path)))
  }
}
