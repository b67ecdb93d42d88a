import Foundation
import Imaging

/// Pictures to look at one after another: those of a folder, frames of a video, or a single picture.
package struct PictureSequence {
  /// The maximum ratio of the long side to the short one. A longer strip is not a frame and, scaled to the lines of a
  /// video, would need an unbounded amount of memory.
  package static let maximumRatio = 8

  private enum Source {
    case folder(PhotoFolder)
    case film(VideoFrames)
  }

  private let source: Source
  /// The number of pictures of a folder to take; nil for all.
  private let limit: Int?

  /// The pictures in the folder `path`, only those in the file `list` if given, or `count` frames of the video or
  /// picture `path`.
  ///
  /// - Parameter limit: The number of pictures to take from a folder, evenly spread; nil for all.
  /// - Throws: ``TrainingError`` for a folder without such pictures, `PictureError` for a file that cannot be read.
  package init(_ path: String, list: String?, count: Int, limit: Int? = nil) throws {
    self.limit = limit
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      source = .folder(try PhotoFolder(path: path, included: list.map { try PhotoList(path: $0) }))
    } else {
      source = .film(try VideoFrames(path: path, count: count))
    }
  }

  /// The number of pictures, including any that turn out to be unusable.
  package var count: Int {
    switch source {
    case .folder(let folder): min(limit ?? .max, folder.files.count)
    case .film(let frames): frames.indices.count
    }
  }

  /// Calls `body` with each picture, without transparency, and its name in reports.
  ///
  /// Returns the number of skipped pictures: unreadable ones and strips.
  package func forEach(_ body: (_ name: String, _ picture: Picture) throws -> Void) throws -> Int {
    var unusable = 0
    func use(_ name: String, _ picture: Picture) throws {
      if max(picture.width, picture.height) > Self.maximumRatio * min(picture.width, picture.height) {
        unusable += 1
      } else {
        try body(name, picture.flattened())
      }
    }
    switch source {
    case .folder(let folder):
      for index in 0..<count {
        let file = folder.files[(2 * index + 1) * folder.files.count / (2 * count)]
        if let picture = try? PictureFile.read(file) {
          try use(folder.name(of: file), picture)
        } else {
          unusable += 1
        }
      }
    case .film(let frames):
      let name = frames.path.split(separator: "/").last.map(String.init) ?? frames.path
      try frames.forEach { index, picture in try use(count == 1 ? name : "\(name) \(index)", picture) }
    }
    return unusable
  }
}
