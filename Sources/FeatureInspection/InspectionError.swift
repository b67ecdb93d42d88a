import Training

/// An error of looking into a network.
package enum InspectionError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There is no layer with this name.
  case unknownLayer(found: String, known: [String])
  /// The layer has no channel with this number.
  case unknownChannel(found: String, layer: String, count: Int)
  /// The text does not name a channel.
  case malformedChannel(found: String)
  /// The picture is too small for the network.
  case pictureTooSmall(file: String, width: Int, height: Int, minimum: Int)
  /// The picture is a strip, whose maps would be strips of any length.
  case pictureTooLong(file: String, width: Int, height: Int, maximumRatio: Int)
  /// The picture needs more memory than there is.
  case insufficientMemory(width: Int, height: Int, needed: Int, available: Int)
  /// None of the pictures can be used.
  case noPictures(source: String, count: Int)
  /// The channel is 0 in every picture.
  case neverFires(channel: String, source: String)

  /// One sentence for the user.
  package var description: String {
    switch self {
    case .unknownLayer(let found, let known):
      "there is no layer '\(found)', expected one of \(known.joined(separator: ", "))"
    case .unknownChannel(let found, let layer, let count):
      "\(layer) has no channel '\(found)', expected a number from 0 to \(count - 1)"
    case .malformedChannel(let found):
      "'\(found)' names no channel, expected LAYER:NUMBER such as relu3_3:107, with one of the layers "
        + VGG16Activation.all.map { "\($0.name) (0 to \($0.channels - 1))" }.joined(separator: ", ")
    case .pictureTooSmall(let file, let width, let height, let minimum):
      "\(file): a picture of \(width)×\(height) pixels, expected at least \(minimum) on each side"
    case .pictureTooLong(let file, let width, let height, let ratio):
      "\(file): a picture of \(width)×\(height) pixels, expected one side to be at most \(ratio) times the other"
    case .insufficientMemory(let width, let height, let needed, let available):
      "a picture of \(width)×\(height) pixels needs about \(Self.gigabytes(needed)), but only "
        + "\(Self.gigabytes(available)) are free; choose a smaller --size"
    case .noPictures(let source, let count): "\(source): none of the \(count) pictures can be used"
    case .neverFires(let channel, let source): "\(channel) does not fire anywhere in \(source)"
    }
  }

  private static func gigabytes(_ bytes: Int) -> String {
    let tenths = (Double(bytes) / 1e8).rounded() / 10
    return "\(tenths) GB"
  }
}
