import Inference
import Networks

/// A style that is ready to use, with its display name.
public struct NamedStyle: Sendable {
  /// The display name.
  public let name: String
  /// The factory of its stylizers. Styles with the same object are identical.
  public let model: any StylizerFactory

  /// Creates a style from a prepared model.
  public init(_ name: String, model: any StylizerFactory) {
    self.name = name
    self.model = model
  }

  /// Loads the model file at `path`. The file is not needed afterwards.
  ///
  /// - Throws: `SafetensorsError`, `ModelError` or `InferenceError` if the file is not a valid model.
  public init(_ name: String, path: String) throws {
    self.init(name, model: try PreparedModel(StyleModel.load(path: path)))
  }

  /// Checks that the style supports `strokes`.
  ///
  /// - Throws: `ModelError/noCanvas(styles:)` if `strokes` is set and the style has no canvas.
  public func check(_ strokes: Strokes?) throws {
    if let strokes, model.canvasLines(for: strokes) == nil { throw ModelError.noCanvas(styles: [name]) }
  }
}
