import ArgumentParser

/// The options for where to paint.
package struct MaskOptions: ParsableArguments {
  /// The file of the mask.
  @Option(
    help: ArgumentHelp(
      "Paint only where this picture or film is white, or opaque if it has transparent parts. It is scaled to the input; "
        + "a film goes along by its times, and the pictures of a pattern such as mask/%05d.png one by one.",
      valueName: "file"))
  package var mask: String?

  /// The range of the input's luma that is painted, from 0 to 1.
  @Option(
    help: ArgumentHelp(
      "Paint only where the brightness of the input is in this range, such as 0-0.4 for the shadows.",
      valueName: "low-high"),
    transform: MaskOptions.range)
  package var maskLuma: ClosedRange<Double>?

  /// Whether the input's alpha is the mask.
  @Flag(help: "Paint only where the input is opaque. Its transparency becomes the mask, and the output is opaque.")
  package var maskAlpha = false

  /// Whether to paint outside of the mask.
  @Flag(help: "Paint outside of the mask instead of inside.")
  package var invertMask = false

  /// The pixels of the input over which the mask's edges are spread on both sides.
  @Option(
    help: ArgumentHelp("Spread the edges of the mask over this many pixels on both sides.", valueName: "pixels"),
    transform: ArgumentValues.number(in: 0...4096))
  package var maskFeather = 0.0

  /// The styles outside of the mask; nil for the input itself.
  @Option(
    help: ArgumentHelp(
      "Another style, or mixture of styles, outside of the mask. (default: the input itself)", valueName: "style"))
  package var outsideStyle: StyleShares?

  /// Creates the options with their default values.
  package init() {}

  /// Checks that there is at most one mask, and one if there are options for it.
  ///
  /// - Throws: `ValidationError`.
  package func validate() throws {
    let count = [mask != nil, maskLuma != nil, maskAlpha].count { $0 }
    guard count <= 1 else { throw ValidationError("--mask, --mask-luma and --mask-alpha cannot be combined") }
    let needy = [
      invertMask ? "--invert-mask" : nil, maskFeather > 0 ? "--mask-feather" : nil,
      outsideStyle == nil ? nil : "--outside-style",
    ]
    if count == 0, let option = needy.compactMap(\.self).first {
      throw ValidationError("\(option) needs --mask, --mask-luma or --mask-alpha")
    }
  }

  /// Parses `0.2-0.6`.
  @Sendable static func range(_ text: String) throws -> ClosedRange<Double> {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Double($0) }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low >= 0, low < high, high <= 1 else {
      throw ValidationError("expected two numbers from 0 to 1, the smaller one first, such as 0.5-1")
    }
    return low...high
  }

  /// What a report says about the mask; nil if there is none.
  package var report: MaskReport? {
    guard mask != nil || maskLuma != nil || maskAlpha else { return nil }
    return MaskReport(
      file: mask, luma: maskLuma.map { [$0.lowerBound, $0.upperBound] }, alpha: maskAlpha ? true : nil,
      inverted: invertMask, feather: maskFeather, outsideStyle: outsideStyle?.description)
  }
}

/// The mask in a report.
package struct MaskReport: Encodable, Equatable, Sendable {
  /// The file; nil if the mask is made of the input.
  package var file: String?
  /// The range of luma that is painted; nil if the mask is another.
  package var luma: [Double]?
  /// Whether the input's alpha is the mask; nil if it is not.
  package var alpha: Bool?
  /// Whether the outside is painted.
  package var inverted: Bool
  /// The pixels over which edges are spread.
  package var feather: Double
  /// The styles outside; nil for the input itself.
  package var outsideStyle: String?

  /// Creates a report.
  package init(
    file: String? = nil, luma: [Double]? = nil, alpha: Bool? = nil, inverted: Bool, feather: Double,
    outsideStyle: String? = nil
  ) {
    self.file = file
    self.luma = luma
    self.alpha = alpha
    self.inverted = inverted
    self.feather = feather
    self.outsideStyle = outsideStyle
  }
}
