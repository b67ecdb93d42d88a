import Inference
import Networks

/// A style ready to be used, under the name that people know it by.
public struct NamedStyle: Sendable {
  /// What people call it.
  public let name: String
  /// What it is painted by; styles with the same object are one.
  public let model: any StylizerFactory

  /// A style of a prepared model.
  public init(_ name: String, model: any StylizerFactory) {
    self.name = name
    self.model = model
  }

  /// Reads the model file at `path`, which is not needed afterwards. Throws `SafetensorsError`, `ModelError` or
  /// `InferenceError` where it is none.
  public init(_ name: String, path: String) throws {
    self.init(name, model: try PreparedModel(StyleModel.load(path: path)))
  }

  /// Throws `ModelError/noCanvas(styles:)` where `strokes` are chosen and the style has no canvas.
  public func check(_ strokes: Strokes?) throws {
    if let strokes, model.canvasLines(for: strokes) == nil { throw ModelError.noCanvas(styles: [name]) }
  }
}
