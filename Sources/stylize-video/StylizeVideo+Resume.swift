import Console
import FFmpeg
import Foundation
import Streaming

extension StylizeVideo {
  /// Options that change no frame, without and with a value.
  private static let otherOptions: (flags: Set<String>, valued: Set<String>) = (
    ["--resume", "--quiet", "--json"], ["--progress", "--stats", "--threads", "--parallel-frames"]
  )

  /// Returns how to resume the render, with everything that determines its frames: the command, the threads, which the
  /// encoder shares its work among, and the content of the files.
  ///
  /// - Throws: `ResumeError` if input or output is not a file; `FileError` if a file cannot be read.
  func resumeOptions(_ source: MediaSource, _ target: MediaTarget, files: [String]) throws -> ResumeOptions {
    guard source.kind == .file else {
      throw ResumeError.unsupported(file: source.displayName, reason: "the input has to be a file")
    }
    guard target.isSingleFile else {
      throw ResumeError.unsupported(file: target.displayName, reason: "the output has to be one file")
    }
    var options = ResumeOptions(
      output: target.path,
      settings: [
        "command": Self.decisive(CommandLine.arguments.dropFirst(), besides: [input, output]),
        "version": "\(Program.version) with libav \(MediaLibrary.version)", "number of threads": "\(threadCount)",
      ])
    if let mask = masks.mask, try MediaSource(mask).kind != .file {
      throw ResumeError.unsupported(file: mask, reason: "the mask has to be a file")
    }
    for (index, file) in files.enumerated() {
      let name = file == masks.mask ? "mask" : "file \(index)"
      try options.add(index == 0 ? "input" : name, contentOf: file)
    }
    return options
  }

  /// Returns the arguments that determine the frames, as one text.
  static func decisive(_ arguments: ArraySlice<String>, besides names: [String]) -> String {
    var result: [String] = []
    var isValue = false
    for argument in arguments {
      let name = argument.split(separator: "=", maxSplits: 1).first.map(String.init) ?? ""
      defer { isValue = otherOptions.valued.contains(argument) }
      if isValue || names.contains(argument) || otherOptions.flags.contains(argument)
        || otherOptions.valued.contains(name)
      {
        continue
      }
      result.append(argument)
    }
    return result.isEmpty ? "no options" : result.joined(separator: " ")
  }
}
