import Threading

/// The transpose of padding and, if there is any, of upsampling: each stored pixel receives the sum of the gradients of
/// all its copies in the padded input.
struct PaddingFold: Sendable {
  private let geometry: ConvolutionGeometry
  private let padding: Int
  private let rowMap: [Int32]
  private let columnMap: [Int32]
  /// The padded columns that map to contiguous stored columns.
  private let run: Range<Int>

  /// Creates the fold for the padded input of `geometry`. With `margin`, it folds the stored input with that many
  /// surrounding pixels, which before upsampling have the value of the nearest pixel.
  init(_ geometry: ConvolutionGeometry, margin: Int? = nil) {
    self.geometry = geometry
    padding = margin ?? geometry.padding
    if let margin {
      func map(_ extent: Int) -> [Int32] { (-margin..<extent + margin).map { Int32(max(0, min($0, extent - 1))) } }
      (rowMap, columnMap) = (map(geometry.height), map(geometry.width))
    } else {
      (rowMap, columnMap) = (geometry.rowMap, geometry.columnMap)
    }
    run = margin != nil || geometry.upsampling == 1 ? padding..<padding + geometry.width : 0..<0
  }

  /// The number of floats of a padded image.
  var paddedCount: Int { rowMap.count * columnMap.count * geometry.inputChannels }

  /// Writes `[N, H, W, I]` from `padded`, `[N, Hp, Wp, I]`.
  func run(_ padded: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>, pool: ComputePool) {
    pool.parallelFor(geometry.batch * geometry.height) { index in
      writeRow(index % geometry.height, padded + index / geometry.height * paddedCount, into: rowStart(index, gradient))
    }
  }

  /// Folds one image on the calling thread.
  func runImage(_ padded: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>) {
    for row in 0..<geometry.height { writeRow(row, padded, into: rowStart(row, gradient)) }
  }

  private func rowStart(_ row: Int, _ gradient: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    gradient + row * geometry.width * geometry.inputChannels
  }

  private func writeRow(_ row: Int, _ image: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    let channels = geometry.inputChannels
    var isFirst = true
    for (paddedRow, stored) in rowMap.enumerated() where Int(stored) == row {
      let source = image + paddedRow * columnMap.count * channels
      if isFirst {
        // The run covers every stored column. Without one, sums start from zeros.
        if run.isEmpty {
          target.update(repeating: 0, count: geometry.width * channels)
        } else {
          target.update(from: source + run.lowerBound * channels, count: run.count * channels)
        }
      } else if !run.isEmpty {
        Pointwise.accumulate(source + run.lowerBound * channels, into: target, count: run.count * channels)
      }
      isFirst = false
      for (column, stored) in columnMap.enumerated() where stored >= 0 && !run.contains(column) {
        Pointwise.accumulate(source + column * channels, into: target + Int(stored) * channels, count: channels)
      }
    }
  }
}
