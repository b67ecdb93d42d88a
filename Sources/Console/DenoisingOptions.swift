import ArgumentParser

/// The denoising option of `stylize-video` and `stylize-live`.
public struct DenoisingOptions: ParsableArguments {
  /// Whether to denoise; nil to decide by the kind of source.
  @Flag(
    inversion: .prefixedNo,
    help: """
      Remove camera noise from still areas before painting, which keeps them from flickering. (default: on for cameras and \
      screens)
      """)
  public var denoise: Bool?

  /// Creates the options with their default values.
  public init() {}

  /// Returns whether to denoise a source.
  ///
  /// - Parameter isCamera: Whether the source is a camera or a screen.
  public func denoises(isCamera: Bool) -> Bool { denoise ?? isCamera }
}
