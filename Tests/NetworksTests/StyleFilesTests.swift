import Foundation
import Networks
import TestSupport
import Testing

@Suite struct StyleFilesTests {
  @Test func filesShareFolderAndName() {
    for files in [
      StyleFiles(name: "wave", folder: "models"), StyleFiles(model: "models/wave.safetensors"),
      StyleFiles(card: "models/wave.json"),
    ] {
      #expect(files.name == "wave")
      #expect(
        files.all == [
          "models/wave.html", "models/wave.jpg", "models/wave.painting.jpg", "models/wave.md", "models/wave.json",
          "models/wave.safetensors",
        ],
        "the model comes last")
      #expect(files.training.folder == "models/wave.training")
    }
  }

  @Test(arguments: [
    ("wave", "wave", "wave.json"), ("a/v1.5.safetensors", "v1.5", "a/v1.5.json"), ("a.b/wave", "wave", "a.b/wave.json"),
    ("a/.wave", ".wave", "a/.wave.json"), ("m", "m", "m.json"), ("/m.bin", "m", "/m.json"),
  ])
  func modelMayHaveAnyName(model: String, name: String, card: String) {
    let files = StyleFiles(model: model)
    #expect(files.model == model && files.name == name && files.card == card)
    #expect(!files.isAmbiguous)
  }

  @Test(arguments: ["wave.json", "wave.md", "a/wave.jpg", "wave.painting.jpg", "wave.html"])
  func detectsModelWithTheNameOfAnotherFile(model: String) {
    #expect(StyleFiles(model: model).isAmbiguous)
  }

  @Test func listsTheStylesOfAFolder() throws {
    let folder = try TemporaryFolder()
    for name in ["a.safetensors", "b.c.safetensors", ".hidden.safetensors", ".safetensors", "d.json", "e.jpg"] {
      try folder.write([], to: name)
    }
    #expect(Set(StyleFiles.names(in: folder.path)) == ["a", "b.c"])
    #expect(StyleFiles.names(in: folder.file("none")).isEmpty)
  }

  @Test func previewsAreNumbered() throws {
    let folder = try TemporaryFolder()
    let training = StyleFiles(name: "a", folder: folder.path).training
    #expect(training.previews.isEmpty)
    try FileManager.default.createDirectory(atPath: training.folder, withIntermediateDirectories: true)
    for iteration in [25, 1_000_000] {
      #expect(FileManager.default.createFile(atPath: training.preview(iteration), contents: nil))
    }
    for name in ["preview-x.png", "preview-000007.png.part", "losses.csv"] {
      #expect(FileManager.default.createFile(atPath: "\(training.folder)/\(name)", contents: nil))
    }
    #expect(training.preview(25) == training.folder + "/preview-000025.png")
    #expect(Set(training.previews) == [25, 1_000_000])
  }
}
