import Training

/// What `--json` prints.
struct Report: Encodable {
  var output: String
  var width: Int
  var height: Int
  /// The seconds of the run, those before a resumption included.
  var seconds: Double
  var peakMemoryMB: Double
  /// The number of pairs of L-BFGS; nil for Adam.
  var history: Int?
  /// The canvases finished in this process.
  var canvases: [PictureOptimization.Canvas]
  /// The likeness to the paintings.
  var likeness: Double
  /// The share of the photo's content that is kept; nil for a texture.
  var content: Double?
}
