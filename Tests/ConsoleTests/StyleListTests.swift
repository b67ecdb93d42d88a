import ArgumentParser
import Console
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct StyleListTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func installation(_ folder: String) -> Installation {
    Installation(environment: ["IMPASTO_MODELS": folder])
  }

  /// Writes a model whose values are all zero. Returns its size in bytes.
  @discardableResult private func model(_ name: String, network: String? = nil) throws -> Int {
    let definition = try network.map { try NetworkDefinition.named($0) } ?? .johnson(width: 0.125)
    let parameters = Dictionary(
      uniqueKeysWithValues: definition.parameters.map { ($0.name, Tensor(Shape($0.shape))) })
    try StyleModel(definition: definition, parameters: parameters, style: "other")
      .save(path: folder.file("\(name).safetensors"))
    return try folder.bytes(of: "\(name).safetensors").count
  }

  @Test func listsNetworkSizeFileAndDefault() throws {
    let bytes = try model("starry")
    try model("dots")
    let list = StyleList(installation(folder.path))
    #expect(list.styles.map(\.name) == ["dots", "starry"])
    let starry = try #require(list.styles.last)
    #expect(starry.network == "johnson, width × 0.125" && starry.bytes == bytes && starry.error == nil)
    #expect(starry.file == folder.file("starry.safetensors") && starry.isDefault)
    #expect(!list.styles[0].isDefault)
    let size = "\((bytes + 500) / 1000) kB"
    #expect(
      list.text == """
        dots              johnson, width × 0.125  \(size)  \(folder.path)/dots.safetensors
        starry (default)  johnson, width × 0.125  \(size)  \(folder.path)/starry.safetensors
        """)
  }

  @Test func listsBrokenFilesWithTheirError() throws {
    try model("whole")
    let whole = try folder.bytes(of: "whole.safetensors")
    try folder.write(Array(whole[..<(whole.count / 2)]), to: "cut.safetensors")
    try folder.textFile("letter.safetensors")
    try FileManager.default.createDirectory(
      atPath: folder.file("folder.safetensors"), withIntermediateDirectories: false)
    _ = try folder.link("nowhere.safetensors", to: "/no/such/file")
    let list = StyleList(installation(folder.path))
    #expect(list.styles.map(\.name) == ["cut", "folder", "letter", "nowhere", "whole"])
    for entry in list.styles.dropLast() {
      #expect(entry.network == nil)
      let error = try #require(entry.error)
      #expect(error.contains(entry.name) && !error.contains("\n"), "\(error)")
      #expect(list.text.contains("unreadable") && list.text.contains(error))
    }
    #expect(list.styles.last?.error == nil && list.text.split(separator: "\n").count == 5)
  }

  /// A description already includes the canvas.
  @Test func listsTheCanvas() throws {
    try model("dots")
    try model("waves", network: "dense:canvas=96,revision=4")
    let list = StyleList(installation(folder.path))
    #expect(list.styles.map(\.canvas) == [nil, 96])
    #expect(list.text.contains(",canvas=96,revision=4  ") && !list.text.contains("canvas of"))
  }

  @Test func noStylesNamesTheFolders() {
    #expect(StyleList(installation("/no/such/folder")).text == "no styles in /no/such/folder")
  }

  @Test func jsonHasWhatTheTableHas() throws {
    let bytes = try model("dots")
    try folder.textFile("letter.safetensors")
    let text = try JSONLine.text(of: StyleList(installation(folder.path)))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [[String: Any]]])
    let styles = try #require(object["styles"])
    #expect(object.count == 1 && styles.map { $0["name"] as? String } == ["dots", "letter"])
    #expect(styles[0]["bytes"] as? Int == bytes && styles[0]["isDefault"] as? Bool == false)
    #expect(
      styles[0]["network"] as? String == "johnson, width × 0.125" && styles[0]["error"] == nil)
    #expect(
      styles[1]["network"] == nil && (styles[1]["error"] as? String)?.contains("letter") == true)
  }
}
