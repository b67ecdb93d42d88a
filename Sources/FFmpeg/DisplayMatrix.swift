import CFFmpeg

/// A transformation that a player applies to a picture before it shows it.
public struct DisplayMatrix: Equatable, Sendable {
  /// The nine integers of libav's matrix: 16.16 fixed point, with the third column in 2.30.
  public let values: [Int32]

  init?(_ pointer: UnsafePointer<Int32>?) {
    guard let pointer else { return nil }
    values = Array(UnsafeBufferPointer(start: pointer, count: 9))
  }

  /// Creates a matrix that rotates by `degrees` anticlockwise and then mirrors left to right if `isMirrored` is true.
  public init(rotation degrees: Double, isMirrored: Bool = false) {
    var matrix = [Int32](repeating: 0, count: 9)
    matrix.withUnsafeMutableBufferPointer {
      // `av_display_rotation_set` rotates clockwise, unlike `av_display_rotation_get`.
      av_display_rotation_set($0.baseAddress, -degrees)
      av_display_matrix_flip($0.baseAddress, isMirrored ? 1 : 0, 0)
    }
    values = matrix
  }

  /// The rotation in degrees, anticlockwise as in libav, from -180 to 180; NaN if the matrix is singular.
  public var rotation: Double { values.withUnsafeBufferPointer { av_display_rotation_get($0.baseAddress) } }

  /// Whether the picture is mirrored as well.
  public var isMirrored: Bool {
    Double(values[0]) * Double(values[4]) - Double(values[1]) * Double(values[3]) < 0
  }
}
