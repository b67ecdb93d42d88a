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

  /// The number of photos left out because a list says so.
  public let excludedCount: Int

  /// Searches `path` and all folders below it, without the photos of `excluded`, or for those of `included` alone.
  ///
  /// Throws ``TrainingError/noPhotos(folder:skipped:)`` where there are none, and
  /// ``TrainingError/missingPhotos(folder:list:count:example:)`` where one of `included` is not there.
  public init(path: String, excluded: PhotoList? = nil, included: PhotoList? = nil) throws {
    self.path = path
    var files: [String] = []
    var skipped = 0
    let root = Self.root(path)
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
    var names: [String: String] = [:]
    for file in files { names[file] = Self.name(of: file, below: root.path) }
    if let included {
      let missing = included.names.subtracting(names.values)
      if let example = missing.min() {
        throw TrainingError.missingPhotos(
          folder: path, list: included.path, count: missing.count, example: example)
      }
    }
    let kept = files.filter { file in
      guard let name = names[file] else { return false }
      return excluded?.names.contains(name) != true && included?.names.contains(name) != false
    }
    excludedCount = excluded == nil ? 0 : files.count - kept.count
    guard !kept.isEmpty else { throw TrainingError.allPhotosExcluded(folder: path, list: excluded?.path ?? "") }
    self.files = kept.sorted()
    skippedCount = skipped
  }

  /// The path of one of ``files`` relative to the folder.
  public func name(of file: String) -> String { Self.name(of: file, below: Self.root(path).path) }

  /// Nobody searches behind a link that stands for the folder itself.
  private static func root(_ path: String) -> URL { URL(fileURLWithPath: path).resolvingSymlinksInPath() }

  private static func name(of file: String, below root: String) -> String {
    let prefix = root.hasSuffix("/") ? root : root + "/"
    return file.hasPrefix(prefix) ? String(file.dropFirst(prefix.count)) : file
  }
}
