import Console
import Networks
import Training

/// A style's card in which results are to be noted: read, and known to be writable, before anything is measured.
struct NotedCard {
  /// What it tells.
  var content: StyleCard
  private let files: StyleFiles

  /// Reads the card at `path`. Throws `PathError` or `TrainingError`, which name it.
  init(path: String) throws {
    files = StyleFiles(card: path)
    try InputPath.checkFile(path)
    guard files.card == path else {
      throw TrainingError.invalidCard(file: path, found: "a file of another name", expected: files.card)
    }
    content = try StyleCard(path: path)
    for file in [files.card, files.cardText] { _ = try OutputPath.resolve(file) }
  }

  /// Writes the card, and the one for people beside it.
  func write() throws { try content.write(to: files) }
}
