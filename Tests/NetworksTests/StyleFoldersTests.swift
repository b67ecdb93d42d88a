import Networks
import TestSupport
import Testing

@Suite struct StyleFoldersTests {
  @Test("The styles of a library are beside it, or in share above it, also in a checkout")
  func library() {
    func paths(_ folder: String?, _ environment: [String: String] = [:]) -> [String] {
      StyleFolders(environment: environment, libraryIn: folder).paths
    }
    #expect(
      paths("/usr/lib/x86_64-linux-gnu") == [
        "models", "/usr/lib/x86_64-linux-gnu/models", "/usr/lib/share/impasto/models", "/usr/share/impasto/models",
      ])
    #expect(paths("/usr/lib").contains("/usr/share/impasto/models"))
    #expect(paths("/src/impasto/.build/x86_64/release").last == "/src/impasto/models")
    // A folder that is called so is no build folder of a package.
    #expect(paths("/home/x.build/lib").last == "/home/share/impasto/models")
    #expect(paths("/lib") == ["models", "/lib/models", "/share/impasto/models", "/share/impasto/models"])
    #expect(paths(nil) == ["models"])
    #expect(paths("/usr/lib", ["IMPASTO_MODELS": "/m"]) == ["/m"])
    #expect(paths("/usr/lib", ["IMPASTO_MODELS": ""]).count == 4)
  }

  @Test("The first folder that has a style wins, and a path is taken as it is")
  func order() throws {
    let (first, second) = (try TemporaryFolder(), try TemporaryFolder())
    let folders = StyleFolders([first.path, second.path])
    let wave = try second.write([], to: "wave.safetensors")
    #expect(try folders.file("wave") == wave)
    let other = try first.write([], to: "wave.safetensors")
    #expect(try folders.file("wave") == other && folders.names == ["wave"])
    #expect(try folders.file("./wave") == "./wave")
    let error = MissingStyle(name: "sunday", folders: folders.paths, known: ["wave"])
    #expect(throws: error) { try folders.file("sunday") }
    #expect(
      error.description
        == "sunday: no such style file, and no style of that name in \(first.path), \(second.path) (known: wave)")
  }
}
