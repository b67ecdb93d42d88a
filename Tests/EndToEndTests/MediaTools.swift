import Foundation
import TestSupport

/// The FFmpeg programs, which the tests use to create and inspect videos. Impasto itself does not run them.
struct MediaTools {
  static let areInstalled = BuiltProgram.onPath("ffmpeg") != nil && BuiltProgram.onPath("ffprobe") != nil

  private let ffmpeg: BuiltProgram
  private let ffprobe: BuiltProgram
  private let folder: String

  init(folder: String) throws {
    guard let ffmpeg = BuiltProgram.onPath("ffmpeg"), let ffprobe = BuiltProgram.onPath("ffprobe") else {
      throw CocoaError(.fileNoSuchFile)
    }
    self.ffmpeg = ffmpeg
    self.ffprobe = ffprobe
    self.folder = folder
  }

  /// The clip that `make test` downloads.
  private static let clip = URL(filePath: #filePath)
    .deletingLastPathComponent().appending(path: "../../.cache/bigbuckbunny.mp4").standardizedFileURL.path

  /// Input arguments for a video with audio: the real clip if it exists, otherwise a tone and a test pattern that is
  /// blurred to be as smooth as a photo.
  static let videoInput: [String] =
    FileManager.default.fileExists(atPath: clip)
    ? ["-i", clip]
    : [
      "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=5,gblur=sigma=8", "-f", "lavfi", "-i",
      "sine=duration=5",
    ]

  /// Runs `ffmpeg` and returns its standard error.
  @discardableResult
  func ffmpeg(_ arguments: [String]) throws -> String {
    let result = try ffmpeg.run(["-nostdin", "-y", "-hide_banner"] + arguments, folder: folder)
    guard result.exitCode == 0 else { throw ToolError(text: result.errors) }
    return result.errors
  }

  struct ToolError: Error {
    let text: String
  }

  /// The contents of a media file.
  struct Media: Decodable {
    struct Stream: Decodable {
      struct SideData: Decodable { var rotation: Int? }

      var codecType: String?
      var codecName: String?
      var width: Int?
      var height: Int?
      var pixFmt: String?
      var sampleAspectRatio: String?
      var colorRange: String?
      var colorSpace: String?
      var colorTransfer: String?
      var colorPrimaries: String?
      var chromaLocation: String?
      var nbReadPackets: String?
      var tags: [String: String]?
      var disposition: [String: Int]?
      var sideDataList: [SideData]?

      var rotation: Int? { sideDataList?.compactMap(\.rotation).first }
      var colors: [String?] { [colorRange, colorSpace, colorTransfer, colorPrimaries, chromaLocation] }
    }

    struct Chapter: Decodable {
      var startTime: String
      var tags: [String: String]?
    }

    struct Format: Decodable { var tags: [String: String]? }

    var streams: [Stream]
    var chapters: [Chapter]
    var format: Format

    var video: [Stream] { streams.filter { $0.codecType == "video" } }
    /// The type and the number of packets of each stream.
    var counts: [[String?]] { streams.map { [$0.codecType, $0.nbReadPackets] } }
  }

  func probe(_ file: String) throws -> Media {
    let arguments = ["-v", "error", "-count_packets", "-show_streams", "-show_chapters", "-show_format", "-of", "json"]
    let result = try ffprobe.run(arguments + [file], folder: folder)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Media.self, from: Data(result.output.utf8))
  }

  /// Returns one line per packet of the streams of type `kind` (`v`, `a` or `s`): its time and, with `data`, a checksum
  /// of its contents.
  func packets(_ kind: String, of file: String, data: Bool) throws -> [String] {
    let result = try ffprobe.run(
      ["-v", "error", "-select_streams", kind, "-show_packets", "-show_data_hash", "md5", "-of", "csv=p=0"]
        + ["-show_entries", data ? "packet=pts_time,data_hash" : "packet=pts_time", file], folder: folder)
    return result.output.split(separator: "\n").map(String.init)
  }

  /// Returns the times of the displayed frames, in order.
  func frameTimes(of file: String) throws -> [Double] {
    let result = try ffprobe.run(
      ["-v", "error", "-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time", "-of", "csv=p=0"]
        + [file], folder: folder)
    return result.output.split(whereSeparator: { $0.isNewline || $0 == "," }).compactMap { Double($0) }
  }

  /// Returns the field orders of the displayed frames, in order: `progressive`, `tff` or `bff`.
  func fieldOrders(of file: String) throws -> [String] {
    let result = try ffprobe.run(
      ["-v", "error", "-select_streams", "v:0", "-show_entries", "frame=interlaced_frame,top_field_first"]
        + ["-of", "default=noprint_wrappers=1:nokey=1", file], folder: folder)
    let flags = result.output.split(whereSeparator: \.isNewline).filter { ["0", "1"].contains($0) }
    return stride(from: 0, to: flags.count - 1, by: 2).map {
      flags[$0] == "0" ? "progressive" : flags[$0 + 1] == "1" ? "tff" : "bff"
    }
  }

  /// Returns the duration of the file in seconds; nil if unknown.
  func duration(of file: String) throws -> Double? {
    let result = try ffprobe.run(
      ["-v", "error", "-show_entries", "format=duration", "-of", "default=noprint_wrappers=1:nokey=1", file],
      folder: folder)
    return Double(result.output.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// Returns the luma PSNR in dB between each frame from the 16th on and the previous one.
  func frameToFrameSimilarity(of file: String) throws -> Double {
    try brightnessRatio([
      "-i", file, "-i", file, "-lavfi",
      "[0:v]trim=start_frame=15,setpts=N[a];[1:v]trim=start_frame=14,setpts=N[b];[a][b]psnr=shortest=1", "-f", "null",
      "-",
    ])
  }

  /// Returns the luma PSNR in dB between two videos as displayed, frame by frame regardless of timestamps.
  func similarity(_ a: String, _ b: String) throws -> Double {
    try brightnessRatio([
      "-i", a, "-i", b, "-lavfi",
      "[0:v]format=yuv444p,settb=1/25,setpts=N[a];[1:v]format=yuv444p,settb=1/25,setpts=N[b];[a][b]psnr", "-f", "null",
      "-",
    ])
  }

  /// Returns the luma PSNR that the `psnr` filter reports.
  private func brightnessRatio(_ arguments: [String]) throws -> Double {
    let text = try ffmpeg(arguments)
    guard let range = text.range(of: "PSNR y:") else { throw ToolError(text: text) }
    let value = text[range.upperBound...].prefix { !$0.isWhitespace }
    return value == "inf" ? .infinity : Double(value) ?? 0
  }
}
