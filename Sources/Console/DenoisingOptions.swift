import ArgumentParser

/// The denoising option of `stylize-video` and `stylize-live`.
package struct DenoisingOptions: ParsableArguments {
  /// Whether to denoise; nil to decide by the kind of source.
  @Flag(
    inversion: .prefixedNo,
    help: """
      Remove camera noise from still areas before painting, which keeps them from flickering. (default: on for cameras and \
      screens)
      """)
  package var denoise: Bool?

  /// Creates the options with their default values.
  package init() {}

  /// Returns whether to denoise a source.
  ///
  /// - Parameter isCamera: Whether the source is a camera or a screen.
  package func denoises(isCamera: Bool) -> Bool { denoise ?? isCamera }
}
