import Autograd
import Kernels
import Tensors
import Threading

/// The loss of a picture whose pixels are changed, and its gradient.
///
/// The same ``Objective`` as ``PerceptualLoss``, for one picture of any size, with several paintings that each count in
/// a region. All terms are functions of sums over pixels. A picture of more than `tileSide²` pixels is computed in
/// tiles that overlap as far as features see: a first pass adds up the sums, and a second one computes the gradients
/// that follow from them. That is exact up to rounding.
///
/// Gram matrices of a region are `Σ w·f·fᵀ / (C·Σ w)`, with the region's weights `w` reduced to the size of the layer.
/// L. Gatys et al.: Controlling Perceptual Factors in Neural Style Transfer, CVPR 2017.
package final class PictureLoss {
  /// A painting, or a mixture of paintings, and the part of the picture that it determines.
  package struct Region {
    /// A painting of a mixture.
    package struct Painting {
      /// The share in the mixture, greater than 0.
      package var share: Double
      /// The painting, `[1, H, W, 3]`, RGB 0…255.
      package var picture: Tensor
      /// The weights of its pixels, `[1, H, W, 1]`, from 0 to 1; nil for 1.
      package var weights: Tensor?

      /// Creates a painting of a mixture.
      package init(share: Double = 1, picture: Tensor, weights: Tensor? = nil) {
        self.share = share
        self.picture = picture
        self.weights = weights
      }
    }

    /// The paintings, at least one.
    package var paintings: [Painting]
    /// The weights of the picture's pixels, `[1, H, W, 1]`, from 0 to 1; nil for the whole picture.
    package var weights: Tensor?

    /// Creates a region.
    package init(paintings: [Painting], weights: Tensor? = nil) {
      self.paintings = paintings
      self.weights = weights
    }
  }

  /// The usual maximum side of a tile.
  package static let usualTileSide = 1024

  private let extractor: TiledExtractor
  private let terms: PictureTerms
  private let regions: [PictureRegion]
  private let targets: [PaintingStatistics]
  private let colours: [ColourTarget]
  private let contents: [FeatureSite: ContentTarget]
  private let tone: ToneTarget?
  /// Called before each tile; its errors end an evaluation.
  package var checkpoint: () throws -> Void = {}

  /// What the gradient of a site's features follows from.
  private struct Seed {
    /// The gradients of the sums of the Gram matrices of the regions, `[1, C, C]`.
    var grams: [Tensor] = []
    /// The coefficients of the content.
    var content: Tensor?
  }

  /// Creates the loss.
  ///
  /// - Parameters:
  ///   - regions: What determines the style; at least one.
  ///   - photo: The photo, `[1, H, W, 3]`, RGB 0…255; nil leaves out the terms of content.
  ///   - tileSide: The maximum side of a tile, at least 256.
  package init(
    extractor: VGG16, regions: [Region], photo: Tensor?, weights: LossWeights,
    tileSide: Int = PictureLoss.usualTileSide,
    pool: ComputePool
  ) {
    let tiled = TiledExtractor(extractor: extractor, side: max(256, tileSide), pool: pool)
    let terms = PictureTerms(weights, hasPhoto: photo != nil)
    self.extractor = tiled
    self.terms = terms
    let planes = regions.map { region in region.weights.map { RegionPlane(weights: $0, pool: pool) } }
    let areas = planes.map { max($0?.mean ?? 1, FeatureSums.minimumWeight) }
    let total = areas.reduce(0, +)
    self.regions = zip(planes, areas).map { PictureRegion(plane: $0, share: $1 / total) }
    targets = regions.map { region in
      PaintingStatistics.mixture(
        region.paintings.map { painting in
          (
            painting.share,
            PaintingStatistics(
              painting: painting.picture, plane: painting.weights.map { RegionPlane(weights: $0, pool: pool) },
              terms: terms, extractor: tiled)
          )
        })
    }
    colours = targets.map { ColourTarget(moments: $0.colours) }
    var contents: [FeatureSite: ContentTarget] = [:]
    var tone: ToneTarget?
    if let photo {
      for (site, content) in terms.contents {
        contents[site] = ContentTarget(
          features: tiled.features(of: photo, at: site), content: content, site: site, on: tiled.tape())
      }
      if terms.tone > 0 {
        tone = ToneTarget(
          blocks: Self.blocks(of: Variable(photo), on: tiled.tape()).value,
          regions: zip(planes, targets).map { ($0, $1.tone) })
      }
    }
    self.contents = contents
    self.tone = tone
  }

  /// Returns the losses of `point`, `[1, H, W, 3]`, and writes their gradient.
  ///
  /// - Throws: The errors of ``checkpoint``.
  package func callAsFunction(_ point: Tensor, gradient: Tensor) throws -> LossParts {
    precondition(point.shape == gradient.shape, "a gradient of shape \(gradient.shape) for \(point.shape)")
    var parts = LossParts()
    let tape = extractor.tape()
    let picture = Variable(point, requiresGradient: true)
    addColours(of: picture, to: &parts, on: tape)
    if let tone {
      let blocks = Self.blocks(of: picture, on: tape)
      let loss = tone.loss(blocks: blocks.value)
      parts.add(terms.tone * loss.value, to: LossName(.content))
      for index in 0..<loss.gradient.count { loss.gradient.pointer[index] *= Float(terms.tone) }
      tape.seed(blocks, gradient: loss.gradient)
    }
    var image = picture
    var octave = 0
    for next in terms.octaves {
      while octave < next {
        image = tape.halved(image)
        octave += 1
      }
      let sum = Tensor(image.value.shape, allocator: tape.allocator)
      try addFeatures(ofOctave: octave, image.value, gradient: sum, to: &parts)
      tape.seed(image, gradient: sum)
    }
    if terms.totalVariation > 0 {
      let value = tape.totalVariation(picture, weight: Float(terms.totalVariation))
      parts.add(terms.totalVariation * value, to: LossName(.totalVariation))
    }
    tape.backward()
    if let found = picture.gradient {
      gradient.pointer.update(from: found.pointer, count: gradient.count)
    } else {
      gradient.pointer.update(repeating: 0, count: gradient.count)
    }
    return parts
  }

  private static func blocks(of picture: Variable, on tape: Tape) -> Variable {
    PaintingTone.blocks(of: picture, PaintingTone.lumaWeight, Variable(Tensor(Shape([1]))), on: tape)
  }

  private func addColours(of picture: Variable, to parts: inout LossParts, on tape: Tape) {
    guard terms.palette > 0 else { return }
    let pixels = picture.value.count / 3
    let gradient = Tensor(picture.value.shape, allocator: tape.allocator)
    for (region, target) in zip(regions, colours) {
      let plane = region.plane?.weights
      withExtendedLifetime((plane, picture.value)) {
        let weights = plane.map { UnsafePointer($0.pointer) }
        let sums = ColourMoments.forward(picture.value.pointer, weights: weights, pixels: pixels, pool: tape.pool)
        let total = max(sums[15], FeatureSums.minimumWeight)
        let loss = target.loss(moments: sums.map { $0 / total })
        let weight = terms.palette * region.share
        parts.add(weight * loss.value, to: PaletteLoss.name)
        ColourMoments.backward(
          picture.value.pointer, weights: weights, pixels: pixels,
          coefficients: loss.gradient.map { Float(2 * weight * $0 / total) }, to: gradient.pointer, pool: tape.pool)
      }
    }
    tape.seed(picture, gradient: gradient)
  }

  // MARK: Features

  private func addFeatures(
    ofOctave octave: Int, _ picture: Tensor, gradient: Tensor, to parts: inout LossParts
  ) throws {
    let sites = terms.sites(ofOctave: octave)
    let tiles = extractor.tiles(of: picture, at: sites)
    var sums = FeatureSums()
    var seeds: [FeatureSite: Seed] = [:]
    if tiles.count == 1, let tile = tiles.first {
      // The features of the first pass serve the second.
      try checkpoint()
      let tape = extractor.tape()
      let pixels = extractor.forEachFeature(of: tile, picture, at: sites, requiresGradient: true, on: tape) { found in
        add(found, to: &sums, on: tape)
        tape.recordGradient(of: found.feature) { [self] in addGradient(of: found, seeds[found.site], to: $0, on: tape) }
      }
      seeds = self.seeds(sums, at: sites, &parts)
      tape.backward()
      if let found = pixels.gradient { extractor.add(found, of: tile, to: gradient) }
      return
    }
    for tile in tiles {
      try checkpoint()
      let tape = extractor.tape()
      extractor.forEachFeature(of: tile, picture, at: sites, requiresGradient: false, on: tape) {
        add($0, to: &sums, on: tape)
      }
    }
    seeds = self.seeds(sums, at: sites, &parts)
    for tile in tiles {
      try checkpoint()
      let tape = extractor.tape()
      let pixels = extractor.forEachFeature(of: tile, picture, at: sites, requiresGradient: true, on: tape) { found in
        tape.recordGradient(of: found.feature) { [self] in addGradient(of: found, seeds[found.site], to: $0, on: tape) }
      }
      tape.backward()
      if let found = pixels.gradient { extractor.add(found, of: tile, to: gradient) }
    }
  }

  private func add(_ found: TileFeature, to sums: inout FeatureSums, on tape: Tape) {
    if terms.styles[found.site] != nil { sums.addGrams(of: found, in: regions.map(\.plane), on: tape) }
    if let content = contents[found.site] {
      sums.addMoments(of: found, with: content.core(of: found, on: tape), pool: tape.pool)
    }
  }

  /// Adds the losses that follow from `sums`, and returns what the gradients follow from.
  private func seeds(
    _ sums: FeatureSums, at sites: Set<FeatureSite>, _ parts: inout LossParts
  ) -> [FeatureSite: Seed] {
    var seeds: [FeatureSite: Seed] = [:]
    for layer in VGG16Layer.allCases {
      guard let site = sites.first(where: { $0.layer == layer }) else { continue }
      var seed = Seed()
      if let content = contents[site] {
        let loss = content.loss(moments: sums.moments[site] ?? [])
        parts.add(loss.value, to: LossName(.content))
        seed.content = loss.coefficients
      }
      if let style = terms.styles[site] {
        for (index, region) in regions.enumerated() {
          let target = targets[index].grams[site] ?? []
          let differences = zip(sums.gram(at: site, region: index), target).map { $0 - $1 }
          let count = Double(max(1, differences.count))
          let square = target.reduce(0) { $0 + $1 * $1 } / count
          let weight = style.weight * region.share / (style.isRelative ? max(square, .leastNormalMagnitude) : 1)
          parts.add(weight * differences.reduce(0) { $0 + $1 * $1 } / count, to: .layer(site.layer))
          let total = max(sums.weights[site]?[index] ?? 0, FeatureSums.minimumWeight)
          let channels = Int(count.squareRoot().rounded())
          seed.grams.append(
            Tensor(
              Shape([1, channels, channels]), elements: differences.map { Float(2 * weight * $0 / (count * total)) }))
        }
      }
      seeds[site] = seed
    }
    return seeds
  }

  /// Adds to the gradient of the features of a tile what its core contributes.
  private func addGradient(of found: TileFeature, _ seed: Seed?, to gradient: Tensor, on tape: Tape) {
    guard let seed else { return }
    for (region, gram) in zip(regions, seed.grams) {
      let factors = FeatureSums.factors(of: found, in: region.plane)
      let core = FeatureSums.core(of: found, factors: factors, on: tape)
      let result = found.isWhole && factors == nil ? gradient : Tensor(core.shape, allocator: tape.allocator)
      let pixels = found.core.pixels
      let scratch = Tensor.scratch(
        count: Gram.backwardScratchCount(batch: 1, channels: found.channels), allocator: tape.allocator)
      // The kernel divides by the pixels of the tile; the weights in the whole picture are in the seed.
      let scaled = gram.copy()
      for index in 0..<scaled.count { scaled.pointer[index] *= Float(pixels) }
      withExtendedLifetime((core, scaled, scratch, result, factors)) {
        Gram.backward(
          core.pointer, dGram: scaled.pointer, batch: 1, pixels: pixels, channels: found.channels,
          dFeatures: result.pointer, scratch: scratch.pointer, pool: tape.pool)
        if result !== gradient {
          found.core.add(
            result.pointer, factors: factors.map { UnsafePointer($0.pointer) }, to: gradient.pointer, pool: tape.pool)
        }
      }
    }
    if let coefficients = seed.content, let content = contents[found.site] {
      let reference = content.core(of: found, on: tape)
      withExtendedLifetime((reference, coefficients, found)) {
        found.core.addAffine(
          found.feature.value.pointer, with: reference.pointer, coefficients: coefficients.pointer,
          to: gradient.pointer, pool: tape.pool)
      }
    }
  }
}
