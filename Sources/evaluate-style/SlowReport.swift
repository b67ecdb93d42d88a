import Foundation

/// What `--slow` prints.
struct SlowReport: Encodable {
  /// The network's picture.
  struct Network: Encodable {
    /// The seconds from the photo to the painted picture, the preparation of the network included.
    var seconds: Double
    /// The objective, weights included.
    var loss: Double
    var likeness: Double
    var content: Double
  }

  /// The slow method after some steps.
  struct Mark: Encodable {
    var iterations: Int
    /// The seconds of the steps so far, without measurements.
    var seconds: Double
    var loss: Double
    /// Measured every five steps.
    var likeness: Double?
    var content: Double?
  }

  /// When the slow method reaches what the network reaches.
  struct Reached: Encodable {
    var iterations: Int
    /// The slow method's time by then, divided by the network's.
    var timesLonger: Double
  }

  /// A photo.
  struct Photo: Encodable {
    var file: String
    var network: Network
    var marks: [Mark]
    /// When the slow method reaches the network's objective; nil if it does not.
    var objective: Reached?
    /// When it reaches the network's likeness; nil if it does not.
    var likeness: Reached?
  }

  /// The photos at one size.
  struct Size: Encodable {
    var lines: Int
    var photos: [Photo] = []

    init(lines: Int) { self.lines = lines }
  }

  var style: String
  var network: String
  var objective: String
  var threads: Int
  var sizes: [Size]

  /// The report as text: a row for each photo and size.
  var table: String {
    func text(_ reached: Reached?) -> String {
      reached.map { String(format: "%5d %9.0fx", $0.iterations, $0.timesLonger) } ?? "never".leftPadded(to: 16)
    }
    var table = "lines  network: seconds      loss  likeness   objective reached  likeness reached  photo\n"
    for size in sizes {
      for photo in size.photos {
        let network = photo.network
        table += String(
          format: "%5d  %16.3f%10.4g%10.1f    ", size.lines, network.seconds, network.loss, network.likeness)
        table += "\(text(photo.objective))  \(text(photo.likeness))  \(photo.file)\n"
      }
    }
    return table
  }
}

extension String {
  fileprivate func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
