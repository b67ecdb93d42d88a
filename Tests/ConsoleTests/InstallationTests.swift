import Console
import Foundation
import Networks
import TestSupport
import Testing

@Suite struct InstallationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func foldersFollowTheProgramAndTheUser() {
    let installed = Installation(
      environment: ["HOME": "/home/vincent"], executableDirectory: "/usr/local/bin")
    #expect(installed.modelDirectories == ["models", "/usr/local/share/impasto/models"])
    #expect(installed.dataDirectories == ["/home/vincent/.local/share/impasto", "/usr/local/share/impasto"])

    let built = Installation(
      environment: ["HOME": "/home/vincent", "XDG_DATA_HOME": "/data", "IMPASTO_DATA": ""],
      executableDirectory: "/src/impasto/.build/x86_64/release")
    #expect(built.modelDirectories.last == "/src/impasto/models")
    #expect(built.dataDirectories.first == "/data/impasto")
  }

  @Test func environmentReplacesTheFolders() {
    let installation = Installation(
      environment: ["IMPASTO_MODELS": "/m", "IMPASTO_DATA": "/d", "XDG_DATA_HOME": "/x"],
      executableDirectory: "/usr/bin")
    #expect(installation.modelDirectories == ["/m"])
    #expect(installation.dataDirectories == ["/d"])
  }

  @Test func stylesAreFoundByName() throws {
    let starry = try folder.textFile("starry.safetensors")
    try folder.textFile("wave.safetensors")
    try folder.textFile("starry.md")
    let installation = Installation(environment: ["IMPASTO_MODELS": folder.path])
    #expect(try installation.styleFile("starry") == starry)
    #expect(installation.styleNames == ["starry", "wave"])
    #expect(throws: MissingStyle(name: "sunday", folders: [folder.path], known: ["starry", "wave"])) {
      try installation.styleFile("sunday")
    }
  }

  @Test func baseModelsAreFoundByTheNetwork() throws {
    let installation = Installation(environment: ["IMPASTO_MODELS": folder.path])
    #expect(installation.baseModel(network: "half") == nil)
    let base = try folder.textFile("base/half.safetensors")
    #expect(installation.baseModel(network: "half") == base)
    #expect(installation.baseModel(network: "johnson") == nil)
    #expect(installation.styleNames == [], "a base is no style")
  }

  @Test(arguments: ["./starry", "/tmp/starry.ckpt", "starry.safetensors"])
  func stylesGivenAsPathsStayAsTheyAre(path: String) throws {
    #expect(try Installation(environment: ["IMPASTO_MODELS": folder.path]).styleFile(path) == path)
  }

  @Test func missingDataNamesTheCommandThatDownloadsIt() throws {
    let installation = Installation(environment: ["IMPASTO_DATA": folder.path])
    let error = try #require(throws: InstallationError.self) { try installation.vggWeights() }
    #expect(
      error.description == "vgg16.safetensors: not found in \(folder.path); run 'make setup' to download it")
    let weights = try folder.textFile("vgg16.safetensors")
    #expect(try installation.vggWeights() == weights)
    try folder.textFile("photos/a.jpg")
    #expect(try installation.defaultPhotos() == folder.path + "/photos")
  }
}
