extension FuzzTarget {
  /// The targets that need neither the server nor training.
  public static let all = [safetensors, model, onnx, network, strokes, media, picture, commands, values]
}
