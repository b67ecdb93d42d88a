import Console
import Imaging
import Training

/// The pictures that `--likeness` paints: those of a folder, one file, or some of a film's.
struct LikenessFrames {
  /// Longer strips are no frames, and enlarging them to a film's lines would take any amount of memory.
  private static let largestRatio = 8

  private enum Source {
    case folder(PhotoFolder)
    case film(String)
  }

  private let source: Source
  /// The number of pictures, as far as it is known beforehand.
  let count: Int

  /// The pictures of the folder `path`, of those in the file `list` alone if given, or `count` frames of the film `path`.
  init(_ path: String, list: String?, count: Int) throws {
    if (try? InputPath.checkDirectory(path)) != nil {
      let folder = try PhotoFolder(path: path, included: list.map { try PhotoList(path: $0) })
      source = .folder(folder)
      self.count = folder.files.count
    } else {
      try InputPath.checkFile(path)
      source = .film(path)
      self.count = count
    }
  }

  /// Hands `body` each picture, without transparency, and the name that reports call it by. Returns the number of pictures that were
  /// passed over: unreadable ones, and strips.
  func forEach(_ body: (_ name: String, _ picture: Picture) throws -> Void) throws -> Int {
    var unusable = 0
    func use(_ name: String, _ picture: Picture) throws {
      if max(picture.width, picture.height) > Self.largestRatio * min(picture.width, picture.height) {
        unusable += 1
      } else {
        try body(name, picture.flattened())
      }
    }
    switch source {
    case .folder(let folder):
      for file in folder.files {
        if let picture = try? PictureFile.read(file) {
          try use(folder.name(of: file), picture)
        } else {
          unusable += 1
        }
      }
    case .film(let path):
      let name = path.split(separator: "/").last.map(String.init) ?? path
      try FilmFrames.forEach(of: path, count: count) { index, picture in
        try use(count == 1 ? name : "\(name)-\(index)", picture)
      }
    }
    return unusable
  }
}
