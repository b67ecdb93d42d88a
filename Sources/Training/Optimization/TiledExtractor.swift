import Autograd
import Kernels
import Tensors
import Threading

/// The features of one tile of a picture at a site.
struct TileFeature {
  let site: FeatureSite
  /// The features of the whole tile.
  let feature: Variable
  /// The part of them that counts: the core.
  let core: FeatureRegion
  /// The place of the core in the features of the picture.
  let rows: Range<Int>
  let columns: Range<Int>
  /// The size of the features of the picture.
  let height: Int
  let width: Int

  /// The number of channels.
  var channels: Int { feature.value.shape.channels }

  /// Whether the tile is the whole picture.
  var isWhole: Bool { rows == 0..<height && columns == 0..<width && core.pixels == feature.value.count / channels }
}

/// Computes features tile by tile, in memory that depends on the size of a tile and not on that of the picture.
final class TiledExtractor {
  let pool: ComputePool
  private let extractor: VGG16
  private let side: Int
  private let allocator = TensorAllocator()
  /// The sizes of tiles whose blocks the allocator keeps.
  private var keptShapes: Set<Shape> = []

  /// Creates an extractor whose tiles have at most `side²` pixels.
  init(extractor: VGG16, side: Int, pool: ComputePool) {
    self.extractor = extractor
    self.side = side
    self.pool = pool
  }

  /// A new tape on the memory of earlier ones.
  func tape() -> Tape { Tape(pool: pool, allocator: allocator) }

  /// Returns the tiles of a picture for features at `sites`, all of one octave.
  func tiles(of picture: Tensor, at sites: Set<FeatureSite>) -> [PictureTiles.Tile] {
    let margin = sites.map { VGG16.sight(of: $0.layer) }.max() ?? 0
    return PictureTiles(height: picture.shape.height, width: picture.shape.width, side: side, margin: margin).tiles
  }

  /// Calls `body` with the features of `tile` of `picture`, `[1, H, W, 3]`, at `sites`, layer by layer.
  ///
  /// - Returns: The pixels of the tile, whose gradient the tape's backward pass computes if `requiresGradient` is true.
  @discardableResult
  func forEachFeature(
    of tile: PictureTiles.Tile, _ picture: Tensor, at sites: Set<FeatureSite>, requiresGradient: Bool, on tape: Tape,
    _ body: (TileFeature) -> Void
  ) -> Variable {
    let shape = picture.shape
    let pixels = Variable(cropped(picture, to: tile), requiresGradient: requiresGradient)
    keepBlocks(for: pixels.value.shape)
    guard let last = VGG16Layer.allCases.last(where: { layer in sites.contains { $0.layer == layer } }) else {
      return pixels
    }
    extractor.forEachFeature(of: pixels, upTo: last, on: tape) { layer, feature in
      guard let site = sites.first(where: { $0.layer == layer }) else { return }
      let block = layer.position.block
      let (height, width) = (feature.value.shape.height, feature.value.shape.width)
      let rows = tile.rows.core(block: block, count: height, length: shape.height)
      let columns = tile.columns.core(block: block, count: width, length: shape.width)
      let (top, left) = (tile.rows.outer.lowerBound >> block, tile.columns.outer.lowerBound >> block)
      body(
        TileFeature(
          site: site, feature: feature,
          core: FeatureRegion(width: width, rows: rows, columns: columns, channels: feature.value.shape.channels),
          rows: top + rows.lowerBound..<top + rows.upperBound,
          columns: left + columns.lowerBound..<left + columns.upperBound,
          height: shape.height >> block, width: shape.width >> block))
    }
    return pixels
  }

  /// Frees the blocks of tiles of other sizes if all of them together have more pixels than a whole tile and its
  /// octaves.
  ///
  /// An evaluation computes each octave. If their blocks were always freed, the system would clear the pages of all
  /// features again and again, which takes a fifth of the time.
  private func keepBlocks(for shape: Shape) {
    func pixels(_ shape: Shape) -> Int { shape.height * shape.width }
    let kept = keptShapes.reduce(0) { $0 + pixels($1) }
    if !keptShapes.contains(shape), kept + pixels(shape) > OptimizationMemory.pixelsWithOctaves(side * side) {
      allocator.trim()
      keptShapes = []
    }
    keptShapes.insert(shape)
  }

  private func cropped(_ picture: Tensor, to tile: PictureTiles.Tile) -> Tensor {
    let shape = picture.shape
    if (tile.rows.outer.count, tile.columns.outer.count) == (shape.height, shape.width) { return picture }
    let result = Tensor(
      Shape(batch: 1, height: tile.rows.outer.count, width: tile.columns.outer.count, channels: 3), zeroed: false)
    FeatureRegion(width: shape.width, rows: tile.rows.outer, columns: tile.columns.outer, channels: 3)
      .gather(picture.pointer, factors: nil, into: result.pointer, pool: pool)
    return result
  }

  /// Adds the gradient of the pixels of `tile` to that of the picture, `[1, H, W, 3]`.
  func add(_ gradient: Tensor, of tile: PictureTiles.Tile, to sum: Tensor) {
    withExtendedLifetime((gradient, sum)) {
      FeatureRegion(width: sum.shape.width, rows: tile.rows.outer, columns: tile.columns.outer, channels: 3)
        .add(gradient.pointer, factors: nil, to: sum.pointer, pool: pool)
    }
  }

  /// Returns the features of a whole picture at `site`, `[1, h, w, C]`.
  func features(of picture: Tensor, at site: FeatureSite) -> Tensor {
    var result: Tensor?
    for tile in tiles(of: picture, at: [site]) {
      forEachFeature(of: tile, picture, at: [site], requiresGradient: false, on: tape()) { found in
        let whole =
          result
          ?? Tensor(Shape(batch: 1, height: found.height, width: found.width, channels: found.channels))
        result = whole
        let core = Tensor(Shape([found.core.pixels, found.channels]), zeroed: false)
        found.core.gather(found.feature.value.pointer, factors: nil, into: core.pointer, pool: pool)
        FeatureRegion(width: found.width, rows: found.rows, columns: found.columns, channels: found.channels)
          .add(core.pointer, factors: nil, to: whole.pointer, pool: pool)
      }
    }
    return result ?? Tensor(Shape(batch: 1, height: 0, width: 0, channels: 0))
  }
}
