import Foundation
import TestSupport
import Testing

/// models/gallery.py on the cards of the project and on others.
@Suite struct GalleryTests {
  private let folder: TemporaryFolder
  private let python: BuiltProgram

  init() throws {
    folder = try TemporaryFolder()
    python = try #require(BuiltProgram.onPath("python3"))
  }

  private func gallery(_ arguments: String...) throws -> BuiltProgram.Result {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../models/gallery.py")
    return try python.run([script.standardizedFileURL.path] + arguments)
  }

  private func card(_ name: String, _ rows: String) throws {
    try folder.write(Array("# \(name)\n\n| | |\n|---|---|\n\(rows)\n".utf8), to: "\(name).md")
  }

  @Test func theGalleryOfTheProjectIsUpToDate() throws {
    let result = try gallery("--check")
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  @Test func showsWhatCardsTellAndLeavesTheRestEmpty() throws {
    try folder.write(Array("# painters\nw.jpg | Hokusai | The Wave | 1831\n".utf8), to: "paintings.txt")
    try card(
      "slow", "| painting | `other.jpg`, SHA-256 `0` |\n| network | johnson, width × 0.5, 9 parameters |")
    try card(
      "wave",
      """
      | painting | `w.jpg`, SHA-256 `0` |
      | network | realtime, width × 1.0, 60000 parameters |
      | training | 500 iterations of 4 crops of 256×256, painting at 384 pixels on its short side, Adam 0.001 |
      | loss weights | content 1.0, style 3.5, total variation 1e-06, steadiness 50.0 |
      | training loss | total 300: content 200, style 99.5 (relu1_2 9), total variation 0.5; mean of the last 100 steps |
      | time | 9.5 minutes on 2 threads of a|b |
      | evaluation | total 310: content 205, style 105 (relu1_2 9), total variation 0.5; mean of 50 photos |
      | likeness | -12.5: fine 40.0, stroke 20.0, form -97.5; content 0.512, contrast 0.80, chroma 1.10, grain 0.50; mean of 4 photos |
      | warping error | 5.25 of 255 (the photos' own 2.50): pan 1.00 (0.50) |
      | noisy still | deviation 1.75 of 255 (the photos' own 2.00) |
      """)
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
    #expect(lines.contains("| [slow](slow.md) | johnson, width × 0.5 |  |  |  |  |  |  |  |  |  |  |  |  |  |"))

    #expect(try gallery("--models", folder.path, "--check").exitCode == 0)
    try card("third", "| network | half, width × 1.0, 9 parameters |")
    let stale = try gallery("--models", folder.path, "--check")
    #expect(stale.exitCode == 1 && stale.errors.contains("make gallery"), "\(stale.errors)")
  }

  @Test func writesTheCreditsOfTheWorksBelowACard() throws {
    try folder.write(Array("w.jpg | Hokusai | The Wave | 1831\n".utf8), to: "paintings.txt")
    let template = "Painted by {painter}: *{title}*, {year}; see `{picture}`.\n"
    try folder.write(Array("styles: known\n\n\(template)".utf8), to: "credits.txt")
    try card("known", "| painting | `w.jpg`, SHA-256 `0` |")
    try card("unknown", "| painting | `w.jpg`, SHA-256 `0` |")
    func text(_ name: String) throws -> String { String(decoding: try folder.bytes(of: name), as: UTF8.self) }
    let (known, unknown) = (try text("known.md"), try text("unknown.md"))
    let missing = try gallery("--models", folder.path, "--check")
    #expect(missing.exitCode == 1 && missing.errors.contains("known.md: not what"), "\(missing.errors)")

    let credits = "\nPainted by Hokusai: *The Wave*, 1831; see `known.jpg`.\n"
    for _ in 0..<2 {
      #expect(try gallery("--models", folder.path).exitCode == 0)
      #expect(try text("known.md") == known + credits, "once, however often the gallery is made")
      #expect(try text("unknown.md") == unknown)
    }
    // What stands behind the credits stays, and an earlier painter goes.
    try folder.write(Array((known + "\nPainted by someone.\n\nA note.\n").utf8), to: "known.md")
    #expect(try gallery("--models", folder.path).exitCode == 0)
    #expect(try text("known.md") == known + credits + "\nA note.\n")

    try folder.write(Array("styles: known unknown\n\n\(template)".utf8), to: "credits.txt")
    try card("unknown", "| painting | `other.jpg`, SHA-256 `0` |")
    let unknownPainting = try gallery("--models", folder.path)
    #expect(unknownPainting.exitCode == 1 && unknownPainting.errors.contains("unknown.md: paintings.txt does not know"))
    try folder.write(Array("Nothing.\n".utf8), to: "credits.txt")
    let empty = try gallery("--models", folder.path)
    #expect(empty.exitCode == 1 && empty.errors.contains("credits.txt: expected 'styles:'"), "\(empty.errors)")
  }

  @Test func whatIsNoCardIsNamed() throws {
    try folder.write(Array("Text.\n".utf8), to: "notes.md")
    let notes = try gallery("--models", folder.path)
    #expect(notes.exitCode == 1 && notes.errors.contains("notes.md: found no table"), "\(notes.errors)")
    try FileManager.default.removeItem(atPath: folder.file("notes.md"))
    try folder.write(Array("w.jpg | Hokusai\n".utf8), to: "paintings.txt")
    let paintings = try gallery("--models", folder.path)
    #expect(paintings.exitCode == 1 && paintings.errors.contains("paintings.txt: line 1 has 2 fields"))
    #expect(!(try folder.names.contains("README.md")))
  }
}
