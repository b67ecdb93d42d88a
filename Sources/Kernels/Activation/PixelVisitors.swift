/// Copies neighbours of a row, eight channels each.
struct PixelRun: PixelVisitor {
  /// Where the first one lies, in floats.
  let offset: Int
  let pixels: Int
  /// Floats between pixels.
  let pixel: Int
  /// Floats between pixels of the target.
  let step: Int
  let target: UnsafeMutablePointer<Float>

  @inline(__always)
  func visit(_ source: some PixelSource) {
    var (offset, target) = (offset, target)
    for _ in 0..<pixels {
      store(source.value(at: offset), target)
      offset += pixel
      target += step
    }
  }
}

/// Who gets columns of pixels, see ``PatchReader/forEachColumn(image:row:rows:column:columns:channel:owned:patch:_:)``.
protocol ColumnReceiver {
  /// Takes eight channels of a column; asks for each row's value once.
  func receive(column: Int, _ value: (_ row: Int) -> Lanes)
}

/// Hands columns to a receiver, and keeps what is read of them where the input is materialized.
struct PixelColumns<Receiver: ColumnReceiver>: PixelVisitor {
  let receiver: Receiver
  /// Where the rows begin, in floats.
  let offsets: InlineArray<8, Int>
  /// The first column in the padded input, and their number.
  let column: Int
  let columns: Int
  /// Floats between pixels.
  let pixel: Int
  let padding: Int
  let map: [Int32]
  let width: Int
  let materialized: UnsafeMutablePointer<Float>?
  /// What is kept: rows of the column, and stored columns.
  let ownedRows: Range<Int>
  let ownedColumns: Range<Int>

  @inline(__always)
  func visit(_ source: some PixelSource) {
    let direct = padding..<padding + width
    for index in 0..<columns {
      let position = column + index
      let isDirect = direct.contains(position)
      let stored = isDirect ? position - padding : PatchReader.continued(position, map: map)
      let place = stored * pixel
      if let materialized, isDirect, ownedColumns.contains(stored) {
        receiver.receive(column: index) { row in
          let offset = offsets[row] + place
          let value = source.value(at: offset)
          if ownedRows.contains(row) { store(value, materialized + offset) }
          return value
        }
      } else {
        receiver.receive(column: index) { source.value(at: offsets[$0] + place) }
      }
    }
  }
}
