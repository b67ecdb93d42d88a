import Foundation
import Networks
import TestSupport
import Testing

@Suite struct ProgramTests {
  private func run(_ arguments: String...) throws -> BuiltProgram.Result {
    let folder = try TemporaryFolder()
    try randomModel(seed: 1).save(path: folder.file("starry.safetensors"))
    try folder.write([1], to: "film.mp4")
    try folder.write(Array("short\n".utf8), to: "token")
    return try BuiltProgram("stylize-live").run(
      arguments, environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
  }

  @Test func invalidUsageIsReported() throws {
    #expect(try run().exitCode == 2)
    #expect(try run("-", "-").exitCode == 2)
    #expect(try run("--fade", "-1", "film.mp4").exitCode == 2)
    #expect(try run("--token", "a", "--token-file", "token", "film.mp4").exitCode == 2)
    #expect(try run("--certificate", "token", "film.mp4").exitCode == 2)
    let certificate = try run("--certificate", "token", "--key", "token", "film.mp4")
    #expect(certificate.exitCode == 1 && certificate.errors.contains("token: expected a certificate"))
    let missing = try run("none.mp4")
    #expect(missing.exitCode == 1 && missing.errors.contains("none.mp4"))
    let style = try run("--style", "none", "film.mp4")
    #expect(style.exitCode == 1 && style.errors.contains("there is no style 'none'"))
  }

  @Test func publicAddressesRequireAToken() throws {
    let open = try run("--address", "0.0.0.0", "--port", "0", "film.mp4")
    #expect(open.exitCode == 1 && open.errors.contains("--token"))
    let short = try run("--address", "0.0.0.0", "--port", "0", "--token-file", "token", "film.mp4")
    #expect(short.exitCode == 1 && short.errors.contains("too short"))
    let address = try run("--address", "192.0.2.7", "--port", "0", "--token", "a token of some length", "film.mp4")
    #expect(address.exitCode == 1 && address.errors.contains("cannot listen on 192.0.2.7"))
    #expect(!address.errors.contains("some length"))
  }
}
