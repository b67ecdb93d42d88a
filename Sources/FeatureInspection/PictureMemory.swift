import Imaging
import Inference
import Networks
import Training

/// Refuses pictures whose features would not fit into memory, before they are computed.
package enum PictureMemory {
  /// What is to be computed of a picture.
  package enum Work: Sendable {
    /// Features, each released after the next layer has read it.
    case features
    /// Features and the gradient of the picture, for which all are kept.
    case gradient

    /// Bytes per pixel: 64 channels of floats before and after a convolution and its scratch memory; with a gradient,
    /// 292 floats of features up to `relu4_3` and 128 of their gradients, and scratch memory.
    fileprivate var bytesPerPixel: Int { self == .features ? 1000 : 2400 }
  }

  /// VGG-16, and its weights in the layouts of two algorithms, which pictures of all sizes share.
  private static let weights = 800 << 20

  /// Checks a picture of `width` × `height` for VGG-16.
  ///
  /// - Parameter file: The file that errors name.
  /// - Throws: ``InspectionError/pictureTooSmall(file:width:height:minimum:)``,
  ///   ``InspectionError/pictureTooLong(file:width:height:maximumRatio:)`` or
  ///   ``InspectionError/insufficientMemory(width:height:needed:available:)``.
  package static func check(
    width: Int, height: Int, for work: Work, file: String, available: Int? = AvailableMemory.forPlan()
  ) throws(InspectionError) {
    guard min(width, height) >= VGG16.minimumExtent else {
      throw .pictureTooSmall(file: file, width: width, height: height, minimum: VGG16.minimumExtent)
    }
    try checkRatio(width: width, height: height, file: file)
    try check(width: width, height: height, needed: weights + width * height * work.bytesPerPixel, available)
  }

  /// Checks a picture of `width` × `height` for the network of a style, which keeps the values of all nodes.
  ///
  /// - Parameter file: The file that errors name.
  /// - Throws: ``InspectionError/pictureTooLong(file:width:height:maximumRatio:)``,
  ///   ``InspectionError/insufficientMemory(width:height:needed:available:)``, and the errors of
  ///   `NetworkDefinition.shapes(height:width:)`.
  package static func check(
    width: Int, height: Int, for network: NetworkDefinition, file: String,
    available: Int? = AvailableMemory.forPlan()
  ) throws {
    try checkRatio(width: width, height: height, file: file)
    // Without a canvas the picture is resized to such multiples.
    let multiple = network.canvasLines == nil ? max(1, network.sizeMultiple) : 1
    func rounded(_ extent: Int) -> Int { (extent + multiple - 1) / multiple * multiple }
    let shapes = try network.shapes(height: rounded(height), width: rounded(width))
    let values = shapes.reduce(0) { $0 + $1.height * $1.width * $1.channels }
    try check(width: width, height: height, needed: 8 * values, available)
  }

  private static func checkRatio(width: Int, height: Int, file: String) throws(InspectionError) {
    let ratio = PictureSequence.maximumRatio
    guard max(width, height) <= ratio * min(width, height) else {
      throw .pictureTooLong(file: file, width: width, height: height, maximumRatio: ratio)
    }
  }

  private static func check(width: Int, height: Int, needed: Int, _ available: Int?) throws(InspectionError) {
    if let available, needed > available {
      throw .insufficientMemory(width: width, height: height, needed: needed, available: available)
    }
  }
}
