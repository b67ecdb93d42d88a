import CFFmpeg

/// How a player turns or mirrors a picture before it shows it.
public struct DisplayMatrix: Equatable, Sendable {
  /// The nine integers of libav's matrix: 16.16 fixed point, the third column 2.30.
  public let values: [Int32]

  init?(_ pointer: UnsafePointer<Int32>?) {
    guard let pointer else { return nil }
    values = Array(UnsafeBufferPointer(start: pointer, count: 9))
  }

  /// The matrix that turns by `degrees` anticlockwise and then, with `isMirrored`, mirrors left to right.
  public init(rotation degrees: Double, isMirrored: Bool = false) {
    var matrix = [Int32](repeating: 0, count: 9)
    matrix.withUnsafeMutableBufferPointer {
      // libav's function turns clockwise, against its own reading function.
      av_display_rotation_set($0.baseAddress, -degrees)
      av_display_matrix_flip($0.baseAddress, isMirrored ? 1 : 0, 0)
    }
    values = matrix
  }

  /// The turn in degrees, anticlockwise as libav counts, between -180 and 180; NaN for a matrix without one.
  public var rotation: Double { values.withUnsafeBufferPointer { av_display_rotation_get($0.baseAddress) } }

  /// Whether the picture is mirrored besides.
  public var isMirrored: Bool {
    Double(values[0]) * Double(values[4]) - Double(values[1]) * Double(values[3]) < 0
  }
}
