import Foundation
import TestSupport
import Testing

/// Tests models/gallery.py with the project's cards and with others.
@Suite struct GalleryTests {
  private let folder: TemporaryFolder
  private let python: BuiltProgram
  private static let models = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../models").standardizedFileURL.path

  init() throws {
    folder = try TemporaryFolder()
    python = try #require(BuiltProgram.onPath("python3"))
  }

  private func gallery(_ arguments: String...) throws -> BuiltProgram.Result {
    try python.run([Self.models + "/gallery.py"] + arguments)
  }

  private func write(_ object: [String: Any], to name: String) throws {
    try folder.write([UInt8](try JSONSerialization.data(withJSONObject: object)), to: name)
  }

  /// A card with the required fields only.
  private func card(network: String = "johnson", width: Double = 0.5, painting: String = "other.jpg") -> [String: Any] {
    [
      "formatVersion": 1, "network": ["name": network, "width": width, "parameters": 9],
      "painting": ["file": painting, "sha256": "0", "size": 0],
      "training": [
        "objective": ["style": 5], "losses": ["total": 222_476.5, "content": 10.04, "style": 9.9996], "seconds": 6000,
        "threads": 1, "processor": "c",
      ] as [String: Any],
    ]
  }

  private var fullCard: [String: Any] {
    var card = card(network: "realtime", width: 1, painting: "w.jpg")
    card["painting"] = ["file": "w.jpg", "sha256": "0", "size": 384] as [String: Any]
    card["training"] =
      [
        "objective": ["style": 3.5], "losses": ["total": 300, "content": 200, "style": 99.5], "seconds": 570,
        "threads": 2,
        "processor": "a|b",
      ] as [String: Any]
    card["evaluation"] = [
      "losses": ["total": 310],
      "temporalStability": ["warping": ["output": 5.25, "input": 2.5], "still": ["output": 1.75, "input": 2]],
    ]
    card["likeness"] = [
      "sizes": [
        ["lines": 360, "mean": ["likeness": 1, "content": 1]],
        ["lines": 720, "mean": ["likeness": -12.5, "content": 0.512]],
      ] as [[String: Any]]
    ]
    card["credits"] = [
      "painting": ["painter": "Hokusai", "title": "The Wave", "year": "1831", "licence": "public domain"],
      "picture": ["work": "Film", "holder": "H", "licence": "CC0"], "photos": ["source": "some"],
    ]
    return card
  }

  @Test func theProjectsGalleryIsUpToDate() throws {
    let result = try gallery("--check")
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  @Test func showsTheCardsAndLeavesMissingValuesEmpty() throws {
    try write(card(), to: "slow.json")
    try write(fullCard, to: "wave.json")
    try folder.write([UInt8](repeating: 0, count: 61_600), to: "wave.safetensors")
    try folder.write([], to: "wave.jpg")
    let result = try gallery("--models", folder.path)
    try #require(result.exitCode == 0, "\(result.errors)")
    let lines = String(decoding: try folder.bytes(of: "README.md"), as: UTF8.self).split(separator: "\n")
    let pictures = try #require(lines.firstIndex { $0.hasPrefix("| picture |") })
    #expect(lines[pictures + 2].contains("<img src=\"wave.jpg\" width=\"420\""), "the default network comes first")
    #expect(lines[pictures + 2].hasSuffix("| **[wave](wave.md)** | realtime | Hokusai<br>*The Wave*, 1831 |"))
    #expect(lines[pictures + 3] == "|  | **[slow](slow.md)** | johnson, width × 0.5 | `other.jpg` |")
    #expect(
      lines.contains(
        "| [wave](wave.md) | realtime | 62 kB | 384 | 3.5 | 300 | 200 | 99.5 | 310 | -12.5 | 0.512 | 5.25 (2.50) | 1.75 (2.00) | "
          + "9.5 | 2 threads of a\\|b |"), "\(lines)")
    // Numbers are rounded as on the cards.
    #expect(
      lines.contains(
        "| [slow](slow.md) | johnson, width × 0.5 |  | its own size | 5.0 | 222477 | 10.0 | 10.000 |  |  |  |  |  | 100 | "
          + "1 thread of c |"), "\(lines)")
    let credits = try #require(lines.firstIndex(of: "## Credits"))
    #expect(
      lines[(credits + 1)...] == [
        "- *Film*, of which the pictures show a frame: © H, CC0 (`wave`)",
        "- *The Wave*, Hokusai, 1831: public domain (`wave`)",
        "- Photographs that were learned from (some): not part of this project, and may not be redistributed with it (`wave`)",
      ])

    #expect(try gallery("--models", folder.path, "--check").exitCode == 0)
    try write(card(network: "half", width: 1), to: "third.json")
    let stale = try gallery("--models", folder.path, "--check")
    #expect(stale.exitCode == 1 && stale.errors.contains("make gallery"), "\(stale.errors)")
  }

  @Test func aWorkIsCreditedOnce() throws {
    for name in ["a", "b"] { try write(fullCard, to: "\(name).json") }
    #expect(try gallery("--models", folder.path).exitCode == 0)
    let text = String(decoding: try folder.bytes(of: "README.md"), as: UTF8.self)
    #expect(
      text.components(separatedBy: "- *The Wave*, Hokusai, 1831: public domain (all styles)\n").count == 2, "\(text)")
  }

  @Test func invalidCardsAreNamed() throws {
    var (incomplete, odd, newer) = (card(), card(), card())
    incomplete["training"] = ["seconds": 1]
    odd["painting"] = "w.jpg"
    newer["formatVersion"] = 2
    let cases: [(bytes: [UInt8], found: String)] = [
      (Array("# wave".utf8), "found no JSON"), (Array("[1]".utf8), "found no formatVersion"),
      ([0xFF], "cannot be read"),
      ([UInt8](try JSONSerialization.data(withJSONObject: incomplete)), "found no 'objective'"),
      ([UInt8](try JSONSerialization.data(withJSONObject: odd)), "found a value of another kind"),
      (
        [UInt8](try JSONSerialization.data(withJSONObject: newer)),
        "found format version 2, expected a style's card of format"
      ),
    ]
    for (bytes, found) in cases {
      try folder.write(bytes, to: "x.json")
      let result = try gallery("--models", folder.path)
      #expect(
        result.exitCode == 1 && result.errors.contains("x.json: ") && result.errors.contains(found), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }
    #expect(!(try folder.names.contains("README.md")))
  }
}
