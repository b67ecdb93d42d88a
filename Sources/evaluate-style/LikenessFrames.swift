import Console
import Imaging
import Training

/// The pictures that `--likeness` paints: those of a folder, or frames of a film.
struct LikenessFrames {
  /// Longer strips are no frames; at a film's lines they would take any amount of memory.
  private static let largestRatio = 8

  private enum Source {
    case folder(PhotoFolder)
    case film(FilmFrames)
  }

  private let source: Source

  /// The pictures of the folder `path`, of those in the file `list` alone if given, or `count` frames of the film or picture `path`.
  init(_ path: String, list: String?, count: Int) throws {
    if (try? InputPath.checkDirectory(path)) != nil {
      source = .folder(try PhotoFolder(path: path, included: list.map { try PhotoList(path: $0) }))
    } else {
      try InputPath.checkFile(path)
      source = .film(try FilmFrames(path: path, count: count))
    }
  }

  /// The number of pictures, those among them that turn out to be of no use.
  var count: Int {
    switch source {
    case .folder(let folder): folder.files.count
    case .film(let frames): frames.places.count
    }
  }

  /// Hands `body` each picture, without transparency, and the name that reports call it by.
  ///
  /// Returns the number of pictures that were passed over: unreadable ones, and strips.
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
    case .film(let frames):
      let name = frames.path.split(separator: "/").last.map(String.init) ?? frames.path
      try frames.forEach { place, picture in try use(count == 1 ? name : "\(name) \(place)", picture) }
    }
    return unusable
  }
}
