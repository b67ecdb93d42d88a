import FFmpeg
import Foundation

/// What all parts of a film have in common: everything that determines its frames and their encoding, and the cuts.
struct Film: Codable, Sendable {
  /// The version of the format.
  var impastoParts = 1
  /// What determines the frames, by names that errors mention.
  let settings: [String: String]
  /// With which encoder the segments are encoded.
  let encoder: EncoderSettings
  /// The SHA-256 of the encoder's parameter sets.
  let parameterSets: String
  /// Whether the times of packets are in the time base of the film instead of the encoder's.
  let countsFrames: Bool
  /// Whether the display matrix of the film is kept.
  let keepsOrientation: Bool
  let plan: SegmentPlan
  /// How the film was opened. The path may be another on other machines.
  let input: Input

  struct Input: Codable, Sendable {
    let path: String
    let format: String?
    let options: [String: String]
    let dtsDeltaThreshold: Double
    /// The time in seconds from the first frame at which painting ends; nil for the end of the film.
    let end: Double?

    init(_ source: MediaSource, end: Double?) {
      path = source.name.hasPrefix("/") ? source.name : FileManager.default.currentDirectoryPath + "/" + source.name
      (format, options, dtsDeltaThreshold) = (source.format, source.options, source.dtsDeltaThreshold)
      self.end = end
    }

    /// Returns the source, at another path if one is given.
    func source(at other: String?) throws -> MediaSource {
      var source = try MediaSource(other ?? path, format: format, options: options)
      source.dtsDeltaThreshold = dtsDeltaThreshold
      return source
    }
  }

  /// Whether the numbers are in their ranges.
  var isValid: Bool {
    !plan.segments.isEmpty && plan.segments.allSatisfy { (0...SegmentPlan.segmentLength).contains($0.frames) }
      && (0.1...1e6).contains(input.dtsDeltaThreshold)
  }

  /// The JSON object in which the film is stored.
  ///
  /// - Throws: An error of the encoder.
  func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
  }

  /// The SHA-256 of everything that determines the segments. It does not depend on the path of the film.
  ///
  /// - Throws: An error of the encoder.
  func identity() throws -> String {
    struct Identity: Encodable {
      let settings: [String: String]
      let encoder: EncoderSettings
      let parameterSets: String
      let plan: SegmentPlan
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = try encoder.encode(
      Identity(settings: settings, encoder: self.encoder, parameterSets: parameterSets, plan: plan))
    return try SHA256.hexDigest(of: Array(text))
  }

  /// The first difference to the settings of another process; nil if there is none.
  func difference(to other: Film) -> (setting: String, before: String, now: String)? {
    if let key = Set(settings.keys).union(other.settings.keys).sorted()
      .first(where: { settings[$0] != other.settings[$0] })
    {
      return (key, settings[key] ?? "none", other.settings[key] ?? "none")
    }
    func text(_ film: Film) -> String {
      let settings = film.encoder
      let size = "\(settings.format.width)x\(settings.format.height)"
      return "\(settings.codec) \(settings.format.pixelFormat) \(size) SHA-256 \(film.parameterSets.prefix(16))"
    }
    guard let mine = try? identity(), let theirs = try? other.identity(), mine != theirs else { return nil }
    return text(self) != text(other)
      ? ("encoder", text(self), text(other)) : ("cuts", "those of this folder", "those of this machine's libav")
  }
}

extension SHA256 {
  /// Returns the digest of `bytes` as hexadecimal digits.
  ///
  /// - Throws: `MediaError` if memory is short.
  static func hexDigest(of bytes: [UInt8]) throws -> String {
    var digest = try newDigest()
    digest.update(bytes)
    return digest.hexDigest()
  }

  /// Starts a digest.
  ///
  /// - Throws: `MediaError` if memory is short.
  static func newDigest() throws -> SHA256 {
    guard let digest = SHA256() else {
      throw MediaError(operation: "compute a checksum", file: nil, message: "out of memory")
    }
    return digest
  }
}
