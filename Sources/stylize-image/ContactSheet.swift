import Console
import Imaging
import Logging
import Networks
import Streaming
import Threading

/// What `--all-styles` does: one picture in every installed style, side by side with their names.
extension StylizeImage {
  /// The shorter side at which the pictures of a sheet are painted, unless `--size` says otherwise.
  static let sheetSide = 360
  /// The width of a sheet divided by its height, about.
  private static let sheetShape = 4.0 / 3

  /// Paints the sheet and writes it to `target`.
  func writeSheet(_ format: PictureFormat, to target: String) throws {
    let start = ContinuousClock.now
    let installation = Installation()
    let logger = Logger(label: "stylize-image")
    let list = StyleList(installation).styles
    for entry in list { if let error = entry.error { logger.warning("\(error)") } }
    let entries = list.filter { $0.error == nil }
    guard !entries.isEmpty else { throw SheetError.noStyles(folders: installation.modelDirectories) }

    let pool = ComputePool(threads: painting.threads)
    let whole = try PictureFile.open(input).picture()
    let photo = reduced(masks.maskAlpha ? whole : flattened(whole), pool)
    var stylization = stylization
    // Edges are as wide as in the whole picture.
    stylization.mask?.feather *= Double(min(photo.width, photo.height)) / Double(min(whole.width, whole.height))
    stylization.outside = try outsideStyles()
    // The picture is reduced already.
    stylization.workSize = .original
    var cells = [LabelledGrid.Cell(flattened(photo), "original")]
    var times: [SheetReport.Style] = []
    let output = ConsoleOutput.standardError
    for (index, entry) in entries.enumerated() {
      if !quiet { output.showStatus("Painting \(entry.name), \(index + 1) of \(entries.count) styles ...") }
      let began = ContinuousClock.now
      let style = try NamedStyle(entry.name, path: entry.file)
      stylization.strokes = entry.canvas == nil ? nil : strokes.strokeSize
      let result = try stylization.run(photo, styles: [(style, 1)], pool: pool)
      cells.append(LabelledGrid.Cell(flattened(result), entry.name))
      times.append(.init(name: entry.name, seconds: (ContinuousClock.now - began).seconds))
    }
    let sheet = Self.sheet(cells)
    _ = InterruptFlag.install()
    try PictureFile.write(try PictureFile.encode(sheet, as: format, for: self.output), to: target)
    output.clearStatus()
    guard painting.json else { return }
    try JSONLine.print(
      SheetReport(
        seconds: (ContinuousClock.now - start).seconds, peakMemoryMB: PeakMemory.megabytes, width: sheet.width,
        height: sheet.height, workWidth: photo.width, workHeight: photo.height, styles: times, mask: masks.report))
  }

  /// The picture at the size at which it is painted: never larger than it is.
  private func reduced(_ picture: Picture, _ pool: ComputePool) -> Picture {
    switch size {
    case .exact(let width, let height): return picture.resized(width: width, height: height, pool: pool)
    case .shortSide(let side): return picture.resized(shortSide: side, pool: pool)
    case .original, nil:
      return picture.resized(shortSide: min(Self.sheetSide, picture.width, picture.height), pool: pool)
    }
  }

  private func flattened(_ picture: Picture) -> Picture {
    picture.flattened(red: background.red, green: background.green, blue: background.blue)
  }

  /// Arranges cells of one size in rows, so that the sheet has a usual shape.
  static func sheet(_ cells: [LabelledGrid.Cell]) -> Picture {
    let cell = cells.first?.picture
    let shape = cell.map { Double($0.height) / Double($0.width) } ?? 1
    let columns = max(1, Int((Double(cells.count) * sheetShape * shape).squareRoot().rounded()))
    let rows = stride(from: 0, to: cells.count, by: columns).map { first in
      LabelledGrid.Row("", Array(cells[first..<min(cells.count, first + columns)]))
    }
    // Names are readable where the sheet is shown at the size of a screen.
    return LabelledGrid(rows: rows, scale: max(2, (cell?.height ?? 0) / 120)).picture
  }
}

/// What `--json` prints for a sheet.
struct SheetReport: Encodable {
  struct Style: Encodable {
    var name: String
    /// The time to load the style and to paint the picture.
    var seconds: Double
  }

  var seconds: Double
  var peakMemoryMB: Double
  var width: Int
  var height: Int
  /// The size at which each picture is painted.
  var workWidth: Int
  var workHeight: Int
  var styles: [Style]
  /// Where the picture is painted; nil for everywhere.
  var mask: MaskReport?
}

/// Describes why there is no sheet.
enum SheetError: Error, CustomStringConvertible {
  case noStyles(folders: [String])

  var description: String {
    switch self {
    case .noStyles(let folders): "no style can be read in \(folders.joined(separator: ", "))"
    }
  }
}
