import Foundation
import Imaging

/// The photos below a folder, in a fixed order.
public struct PhotoFolder: Sendable {
  /// The folder.
  public let path: String
  /// The photos' paths, sorted.
  public let files: [String]
  /// The number of files that are not photos by their names.
  public let skippedCount: Int

  private static let extensions: Set<String> = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "ppm"]

  /// Searches `path` and all folders below it; throws ``TrainingError/noPhotos(folder:skipped:)`` where there are none.
  public init(path: String) throws {
    self.path = path
    var files: [String] = []
    var skipped = 0
    let root = URL(fileURLWithPath: path)
    let keys: [URLResourceKey] = [.isRegularFileKey]
    let enumerator = FileManager.default.enumerator(at: root, includingPropertiesForKeys: keys)
    while let url = enumerator?.nextObject() as? URL {
      // Links to files count as the files they lead to.
      let target = url.resolvingSymlinksInPath()
      guard (try? target.resourceValues(forKeys: Set(keys)))?.isRegularFile == true else { continue }
      if Self.extensions.contains(url.pathExtension.lowercased()) {
        files.append(url.path)
      } else {
        skipped += 1
      }
    }
    guard !files.isEmpty else { throw TrainingError.noPhotos(folder: path, skipped: skipped) }
    self.files = files.sorted()
    skippedCount = skipped
  }
}
