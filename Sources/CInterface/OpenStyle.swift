import CImpasto
import Glibc
import Inference
import Networks
import Synchronization
import Threading

/// A style that the caller has opened. Thread-safe: it paints one picture at a time.
final class OpenStyle: Sendable {
  private let model: PreparedModel
  /// The name or the path that the caller gave, for messages.
  private let name: String
  /// The process whose threads the pool has.
  private let process = getpid()
  private let settings: Mutex<PaintSettings>
  private let painter: Mutex<Painter>

  /// Loads the model `nameOrPath`.
  init(_ nameOrPath: String, _ options: OpenOptions) throws {
    let file = try options.folders.file(nameOrPath)
    guard access(file, F_OK) == 0 else { throw Failure(IMPASTO_NO_SUCH_STYLE, "\(file): no such file") }
    let model = try PreparedModel(try StyleModel.load(path: file))
    self.model = model
    name = nameOrPath
    settings = Mutex(options.settings)
    let pool = ComputePool(threads: options.threads)
    painter = Mutex(Painter(model, denoises: options.denoises, pool: pool))
    try check(options.settings.strokes)
  }

  /// Whether the threads of this style run in this process.
  var isOwn: Bool { getpid() == process }

  private func check(_ strokes: Strokes?) throws {
    guard strokes != nil, model.definition.canvasLines == nil else { return }
    throw ModelError.noCanvas(styles: [name])
  }

  /// Changes how the next pictures are painted.
  func change(_ body: (inout PaintSettings) -> Void) { settings.withLock { body(&$0) } }

  /// Changes the size of the strokes.
  func setStrokes(_ strokes: Strokes?) throws {
    try check(strokes)
    change { $0.strokes = strokes }
  }

  /// Calls `body` with the painter and the present settings, one caller at a time.
  func paint(_ body: (Painter, PaintSettings) throws -> Void) throws {
    guard isOwn else { throw Failure(IMPASTO_FORKED, String(cString: impasto_error_message(IMPASTO_FORKED))) }
    try painter.withLock { painter in
      try body(painter, settings.withLock { $0 })
    }
  }
}

/// The open styles by the values that callers have in place of pointers. No value is used twice, so that a closed style
/// is recognised.
enum OpenStyles {
  private struct Table {
    var styles: [UInt: OpenStyle] = [:]
    var count: UInt = 0
  }

  private static let table = Mutex(Table())

  /// Adds a style and returns its value.
  static func add(_ style: OpenStyle) -> OpaquePointer? {
    table.withLock { table in
      table.count += 1
      // Not null, and with the alignment that a pointer would have.
      let value = table.count << 4
      table.styles[value] = style
      return OpaquePointer(bitPattern: value)
    }
  }

  /// Returns the style with a value.
  static func find(_ value: OpaquePointer?) throws(Failure) -> OpenStyle {
    try found(value, table.withLock { $0.styles[UInt(bitPattern: value)] })
  }

  /// Removes the style with a value. Calls that paint with it keep it until they end.
  static func remove(_ value: OpaquePointer?) throws(Failure) {
    let style = try found(value, table.withLock { $0.styles.removeValue(forKey: UInt(bitPattern: value)) })
    // To wait for the end of threads that another process has would take for ever.
    if !style.isOwn { _ = Unmanaged.passRetained(style) }
  }

  private static func found(_ value: OpaquePointer?, _ style: OpenStyle?) throws(Failure) -> OpenStyle {
    if let style { return style }
    throw value == nil
      ? Failure(IMPASTO_INVALID_ARGUMENT, "the style is null")
      : Failure(IMPASTO_NOT_OPEN, String(cString: impasto_error_message(IMPASTO_NOT_OPEN)))
  }
}
