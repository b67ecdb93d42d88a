import Foundation
import LiveServer
import TestSupport
import Testing

/// What a killed server leaves, and what the next one does with it.
@Suite struct TrainingFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func leave(_ id: String, _ files: [String]) throws {
    try FileManager.default.createDirectory(
      atPath: folder.file(".training-\(id)"), withIntermediateDirectories: true)
    for name in files { try folder.write(Array(name.utf8), to: ".training-\(id)/\(name)") }
  }

  private func startServer() {
    _ = TrainingQueue(
      TrainingQueue.Options(program: "/bin/false", modelFolder: folder.path), catalog: StyleCatalog(folders: []))
  }

  @Test func foldersWithoutAnOwnerAreRemoved() throws {
    try leave("a", ["output.log", "painting.png"])
    try leave("b", [])
    try leave("c", ["output.log", "painting.png"])
    let owner = open(folder.file(".training-c/output.log"), O_RDWR)
    #expect(flock(owner, LOCK_EX) == 0)
    startServer()
    #expect(try folder.names == [".training-c"])
    close(owner)
    startServer()
    #expect(try folder.names == [])
  }

  @Test func aCompleteStyleIsPublished() throws {
    // The server was killed after it had moved the picture.
    try folder.write([1], to: "wave.jpg")
    try leave("a", ["output.log", "painting.png", "wave.safetensors", "wave.json", "wave.md"])
    // A style with this name has come since.
    try folder.write([2], to: "night.safetensors")
    try leave("b", ["output.log", "night.safetensors"])
    startServer()
    #expect(
      try folder.names == [
        ".trained-styles.json", "night.safetensors", "wave.jpg", "wave.json", "wave.md", "wave.safetensors",
      ])
    #expect(try folder.bytes(of: "night.safetensors") == [2])
  }
}
