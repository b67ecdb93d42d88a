import Foundation
import Networks
import TestSupport
import Testing

/// A folder with a small style, for shell scripts that connect `stylize-video` with the `ffmpeg` program.
struct StreamTools {
  let folder: TemporaryFolder
  let media: MediaTools
  private let program: BuiltProgram

  /// The options of every run: a small size and no progress.
  private static let quick = "--style random --size 32x20 --quiet"

  init() throws {
    folder = try TemporaryFolder()
    program = try BuiltProgram("stylize-video")
    media = try MediaTools(folder: folder.path)
    try randomModel(seed: 1).save(path: folder.file("random.safetensors"))
  }

  /// Runs a shell script. In it, `stylize` runs `$program` with the options `$quick`, and `send` runs `ffmpeg` to send
  /// `in.mp4` in real time.
  @discardableResult
  func script(_ text: String, whileRunning: ((Int32) throws -> Void)? = nil) throws -> BuiltProgram.Result {
    let functions = """
      program="\(program.path)"
      quick="\(Self.quick)"
      stylize() { $program "$@" $quick </dev/null; }
      send() { ffmpeg -nostdin -v error -re -i in.mp4 -c copy "$@"; }
      """
    return try BuiltProgram(path: "/bin/sh").run(
      ["-c", functions + "\n" + text], environment: ["IMPASTO_MODELS": folder.path], folder: folder.path,
      whileRunning: whileRunning)
  }

  /// Makes a video with audio at 25 frames per second.
  func makeVideo(seconds: Double = 1, _ options: String...) throws {
    try media.ffmpeg(
      MediaTools.videoInput + ["-t", "\(seconds)", "-vf", "scale=96:64", "-g", "10", "-bf", "0", "-c:a", "aac"]
        + options
        + ["in.mp4"])
  }

  func counts(_ file: String) throws -> [String: Int] {
    let streams = try media.probe(file).streams
    return Dictionary(streams.map { ($0.codecType ?? "", Int($0.nbReadPackets ?? "") ?? 0) }) { $0 + $1 }
  }

  /// Returns a port number that no socket on this machine currently uses.
  func freePort(_ kind: __socket_type) throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(kind.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
      }
    }
    try #require(status == 0)
    return UInt16(bigEndian: address.sin_port)
  }
}
