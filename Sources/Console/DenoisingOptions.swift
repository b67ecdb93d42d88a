import ArgumentParser

/// The option of the programs that paint films, `stylize-video` and `stylize-live`, to paint without a camera's noise.
public struct DenoisingOptions: ParsableArguments {
  /// Whether to denoise; nil where that is left to the kind of source.
  @Flag(
    inversion: .prefixedNo,
    help: """
      Paint without the noise of what rests, which the network would paint anew in each frame. (default: for cameras and \
      screens)
      """)
  public var denoise: Bool?

  /// The options' defaults.
  public init() {}

  /// Whether to denoise a source, which is a camera or screen or not.
  public func denoises(isCamera: Bool) -> Bool { denoise ?? isCamera }
}
