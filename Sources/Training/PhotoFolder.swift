import Foundation
import Imaging

/// The photos below a folder, in a fixed order.
package struct PhotoFolder: Sendable {
  /// The folder.
  package let path: String
  /// The paths of the photos, sorted.
  package let files: [String]
  /// The number of other files, whose extension is not that of a photo.
  package let skippedCount: Int

  private static let extensions: Set<String> = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "ppm"]

  /// The number of photos that a list excludes.
  package let excludedCount: Int

  /// Searches the folder at `path` recursively.
  ///
  /// - Parameters:
  ///   - excluded: Photos to leave out.
  ///   - included: The only photos to keep.
  /// - Throws: ``TrainingError/noPhotos(folder:skipped:)`` if there are no photos,
  ///   ``TrainingError/missingPhotos(folder:list:count:example:)`` if photos of `included` are missing, and
  ///   ``TrainingError/allPhotosExcluded(folder:list:)`` if no photo remains.
  package init(path: String, excluded: PhotoList? = nil, included: PhotoList? = nil) throws {
    self.path = path
    var files: [String] = []
    var skipped = 0
    let root = Self.root(path)
    let keys: [URLResourceKey] = [.isRegularFileKey]
    let enumerator = FileManager.default.enumerator(at: root, includingPropertiesForKeys: keys)
    while let url = enumerator?.nextObject() as? URL {
      // A symbolic link counts as its target.
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

  /// Returns the path of `file`, one of ``files``, relative to the folder.
  package func name(of file: String) -> String { Self.name(of: file, below: Self.root(path).path) }

  /// Resolves the folder's path, because the enumerator does not follow a symbolic link to the folder.
  private static func root(_ path: String) -> URL { URL(fileURLWithPath: path).resolvingSymlinksInPath() }

  private static func name(of file: String, below root: String) -> String {
    let prefix = root.hasSuffix("/") ? root : root + "/"
    return file.hasPrefix(prefix) ? String(file.dropFirst(prefix.count)) : file
  }
}
