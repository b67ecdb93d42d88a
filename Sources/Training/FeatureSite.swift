import Autograd

/// A layer of VGG-16 and the size of the picture that it sees.
struct FeatureSite: Hashable, Sendable {
  /// The layer.
  var layer: VGG16Layer
  /// How often the picture is halved first.
  var octave: Int
}

extension VGG16 {
  /// Calls `body` with the features of `picture` at each of `sites`: octave by octave, and layer by layer in the order
  /// of the network.
  ///
  /// - Parameter picture: Pictures `[N, H, W, 3]`, RGB 0…255.
  func forEachFeature(
    of picture: Variable, at sites: Set<FeatureSite>, on tape: Tape, _ body: (FeatureSite, Variable) -> Void
  ) {
    guard let lastOctave = sites.lazy.map(\.octave).max() else { return }
    var image = picture
    for octave in 0...lastOctave {
      if octave > 0 { image = tape.halved(image) }
      let last = VGG16Layer.allCases.last { sites.contains(FeatureSite(layer: $0, octave: octave)) }
      guard let last else { continue }
      forEachFeature(of: image, upTo: last, on: tape) { layer, feature in
        let site = FeatureSite(layer: layer, octave: octave)
        if sites.contains(site) { body(site, feature) }
      }
    }
  }
}
