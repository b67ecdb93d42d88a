import Console
import Foundation
import TestSupport
import Testing

@Suite struct PathsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func inputsMustBeFiles() throws {
    let file = try folder.textFile("a.mp4")
    try InputPath.checkFile(file)
    let missing = folder.path + "/b.mp4"
    #expect(throws: PathError.missing(path: missing)) { try InputPath.checkFile(missing) }
    #expect(throws: PathError.missing(path: file + "/c")) { try InputPath.checkFile(file + "/c") }
    #expect(throws: PathError.isDirectory(path: folder.path)) { try InputPath.checkFile(folder.path) }
    #expect(PathError.missing(path: "b.mp4").description == "b.mp4: no such file")
  }

  @Test func inputFoldersMustBeFolders() throws {
    let file = try folder.textFile("a.jpg")
    try InputPath.checkDirectory(folder.path)
    #expect(throws: PathError.isNotDirectory(path: file)) { try InputPath.checkDirectory(file) }
    #expect(throws: PathError.missing(path: folder.path + "/b")) { try InputPath.checkDirectory(folder.path + "/b") }
  }

  @Test func newAndExistingFilesMayBeWritten() throws {
    let input = try folder.textFile("in.mp4")
    let existing = try folder.textFile("out.mp4")
    #expect(try OutputPath.resolve(existing, inputs: [input]) == existing)
    #expect(try OutputPath.resolve(folder.path + "/new.mp4", inputs: [input]) == folder.path + "/new.mp4")
    for name in ["new.mp4", "n", "./n"] { #expect(try OutputPath.resolve(name) == name) }
  }

  @Test func everyNameOfTheInputIsRecognised() throws {
    let input = try folder.textFile("in.mp4")
    let hardLink = folder.path + "/hard.mp4"
    try FileManager.default.linkItem(atPath: input, toPath: hardLink)
    let symbolicLink = try folder.link("soft.mp4", to: "in.mp4")
    for output in [input, hardLink, symbolicLink, folder.path + "/./in.mp4"] {
      #expect(throws: PathError.outputIsInput(output: output, input: input)) {
        try OutputPath.resolve(output, inputs: ["/dev/null", input])
      }
    }
  }

  @Test func linksResolveToTheReplacedFile() throws {
    try folder.textFile("elsewhere/present.mp4")
    let link = try folder.link("a.mp4", to: "elsewhere/present.mp4")
    #expect(try OutputPath.resolve(link) == folder.path + "/elsewhere/present.mp4")
    let dangling = try folder.link("b.mp4", to: folder.path + "/elsewhere/new.mp4")
    #expect(try OutputPath.resolve(dangling) == folder.path + "/elsewhere/new.mp4")
    let loop = try folder.link("c.mp4", to: "c.mp4")
    #expect(throws: PathError.self) { try OutputPath.resolve(loop) }
  }

  @Test func rejectsUnsuitableOutputs() throws {
    #expect(throws: PathError.isDirectory(path: folder.path)) { try OutputPath.resolve(folder.path) }
    #expect(throws: PathError.isDirectory(path: folder.path + "/new/")) {
      try OutputPath.resolve(folder.path + "/new/")
    }
    #expect(throws: PathError.isDirectory(path: "")) { try OutputPath.resolve("") }
    #expect(throws: PathError.isSpecialFile(path: "/dev/null")) { try OutputPath.resolve("/dev/null") }
    let orphan = folder.path + "/none/out.mp4"
    #expect(throws: PathError.missingParent(path: orphan, parent: folder.path + "/none")) {
      try OutputPath.resolve(orphan)
    }
    let file = try folder.textFile("file")
    #expect(throws: PathError.unwritable(path: file + "/out.mp4", reason: "not a directory")) {
      try OutputPath.resolve(file + "/out.mp4")
    }
  }

  /// The superuser can write everywhere.
  @Test(.enabled(if: geteuid() != 0)) func rejectsFoldersWithoutPermission() throws {
    #expect(throws: PathError.unwritable(path: "/impasto.mp4", reason: "permission denied")) {
      try OutputPath.resolve("/impasto.mp4")
    }
  }
}
