import Networks
import Streaming
import Synchronization

/// The state of a stream in the HTTP API.
struct StreamState: Codable, Sendable {
  var id: String
  var title: String
  var condition: PaintedStream.Condition
  /// The latest error of the source.
  var failure: String?
  /// Whether clients post the stream's frames.
  var isCamera: Bool
  /// Who controls the source; absent if it takes no input.
  var controls: StreamControls.State?
  /// Whether the stream has audio.
  var hasAudio: Bool
  var styles: [StyleChange.Part]
  /// The stroke size; nil if no style has a canvas.
  var strokeSize: Strokes?
  var strength: Double
  var preserveColors: Bool
  /// The default duration of changes in seconds.
  var fade: Double
  var isFading: Bool
  /// Whether nothing is painted because nobody watches.
  var isResting: Bool
  /// Why the picture is coarser than its settings say; absent if it is not.
  var reduction: String?
  /// The stroke size that is painted; absent if it is the one that was chosen.
  var paintedStrokeSize: Strokes?
  var viewers: Int
  /// Segments that slow viewers missed.
  var skipped: Int
  var statistics: StylizationStatistics

  init(_ stream: PaintedStream, isCamera: Bool) {
    let settings = stream.style.settings
    let (condition, failure) = stream.condition
    id = stream.id
    title = stream.title
    self.condition = condition
    self.failure = failure?.withoutFolders
    self.isCamera = isCamera
    controls = condition == .ended ? nil : stream.controls?.state
    hasAudio = stream.output.hasAudio
    styles = settings.styles.map { StyleChange.Part(name: $0.name, share: $0.share) }
    strokeSize = settings.strokes
    strength = settings.blend.strength
    preserveColors = settings.blend.preservesColors
    fade = stream.fade.withLock { $0 }
    isFading = settings.isFading
    isResting = stream.isResting
    let reduction = stream.reduction
    self.reduction = reduction?.description
    if case .strokes(let painted, _)? = reduction { paintedStrokeSize = painted }
    viewers = stream.output.viewerCount
    skipped = stream.output.counts.lost
    statistics = stream.statistics
  }
}
